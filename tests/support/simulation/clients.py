"""Stand-ins for aiokafka's consumer, and for the admin connection and the producer of the edges."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import asynccontextmanager, contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, NamedTuple, Self

import pytest
from aiokafka import ConsumerRebalanceListener
from aiokafka import TopicPartition as Theirs
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    OffsetOutOfRangeError,
)
from msgspec.structs import replace

from app.edges.kafka.connection import Connection
from app.edges.kafka.group_offsets import GroupHasMembersError
from app.edges.kafka.partition_logs import PartitionLogs
from app.edges.kafka.producer import Producer
from app.edges.kafka.record_reader import Read
from app.engine.group.trimming import Trimmer
from app.policies.books.commit_metadata import Committed, read_commit
from app.policies.books.ledger import Commit
from app.policies.books.saved_commits import Saved, SavedReader
from app.values.errors import KafkaUnavailableError, RecordTooLargeError
from app.values.record import Headers, Record, TopicPartition
from tests.support.engine import BeginsByWriting
from tests.support.simulation.cluster import PARTITIONS, Cluster
from tests.support.simulation.group import Group
from tests.support.simulation.inside import WatchedAssignment
from tests.support.simulation.loop import now

DELAYS = {0.0: "0s", 30.0: "30s"}
"""The retry topics but for the long ones: to wait for those costs more than it shows."""
CONTROL = "control"
HEARTBEAT = 5 / 3
"""Seconds from one to the next."""
POLLS_FAIL = 0.002
WRITES_FAIL = 0.02
LARGE = b'"size":"large"'
"""Stands in values that no topic of the group's own takes."""


@contextmanager
def kafka_in_memory(delays: Mapping[float, str] = DELAYS) -> Iterator[None]:
    """Let the engine find the stand-ins where it looks for Kafka's clients.

    Args:
        delays: The retry topics that there are: seconds, and what their names end with.
    """

    async def find_topics(*_: object) -> None:
        """Find everything there."""

    async def idle(_: object) -> None:
        """Look into nothing: topics and group are as they have to be."""
        await asyncio.Event().wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.edges.kafka.consumer.new_consumer", _new_consumer)
        patch.setattr("app.edges.kafka.consumer.PartitionLogs", FakeLogs)
        patch.setattr("app.engine.group.starts.Admin", FakeAdmin)
        patch.setattr("app.engine.group.starts.read_saved", read_saved)
        patch.setattr("app.engine.group.group_start.GroupOffsets", FakeAdmin)
        patch.setattr("app.engine.group.group_start.read_saved", read_saved)
        trimmer = partial(Trimmer, admin=FakeAdmin)  # type: ignore[arg-type]  # stands for it
        patch.setattr("app.engine.parts.Trimmer", trimmer)
        patch.setattr("app.engine.group.parking.reading_again", reading_again)
        patch.setattr("app.engine.parts.Assignment", WatchedAssignment)
        patch.setattr("app.engine.parts.TopicKeeper.make", find_topics)
        patch.setattr("app.engine.parts.TopicKeeper.watch", idle)
        patch.setattr("app.engine.parts.Share.run", idle)
        patch.setattr("app.policies.headers.deferral.DELAYS", delays)
        patch.setattr("app.engine.inflight.window.CROWDED", 5)  # the windows are small
        patch.setattr("app.engine.lanes.lane.LONG_LINE", 1)
        yield


def connection_to(group: Group, on_client: Callable[["FakeConsumer"], None]) -> Connection:
    """Return how a worker's clients find the group.

    Args:
        group: Which the worker is to join.
        on_client: Called with every consumer that the worker makes.
    """
    return Connection("memory", {"group": group, "on_client": on_client})


class Fetched(NamedTuple):
    """A record as aiokafka hands it over."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class _Connections:
    def __init__(self, logs: Cluster) -> None:
        self.logs = logs
        self.cluster = self
        self.answered_at = self._confirmed_at = now()
        self.is_member = False
        self.unauthorized_topics: frozenset[str] = frozenset()

    def add_listener(self, listener: Callable[[object], None]) -> None:
        """Learn of it when a topic is made anew."""
        self.logs.listeners.append(listener)

    def force_metadata_update(self) -> None:
        """Know all there is to know already."""

    def silent_for(self) -> float:
        """Return the seconds since it was told where logs end."""
        return now() - self.answered_at

    def unconfirmed_for(self) -> float:
        """Return the seconds since its last heartbeat as a member."""
        if self.is_member and self.logs.there.is_set():
            self._confirmed_at = now() // HEARTBEAT * HEARTBEAT
        return now() - self._confirmed_at

    def knock(self) -> None:
        """Ask whether Kafka is there."""
        if self.logs.there.is_set():
            self.answered_at = now()

    def leader_for_partition(self, partition: object) -> int:
        """Return the one broker."""
        del partition
        return 0

    def partitions_for_topic(self, topic: str) -> set[int]:
        """Say that every topic is there."""
        del topic
        return set(range(PARTITIONS))

    async def close(self) -> None:
        """Close what is not there."""


class FakeLogs(PartitionLogs):
    """Tells about the cluster's logs as soon as it can."""

    def __init__(self, client: _Connections) -> None:
        self._connections = client
        self._cluster = client.logs

    async def learn(self, topics: Collection[str]) -> list[TopicPartition]:
        """Return the partitions of topics."""
        await asyncio.sleep(0.001)
        if not self._cluster.there.is_set():
            raise KafkaUnavailableError("away")
        return self._cluster.partitions(topics)

    async def topic_ids(self, topics: Collection[str]) -> dict[str, str | None]:
        """Return the ids of topics."""
        await asyncio.sleep(0.001)
        await self._cluster.there.wait()
        return {topic: self._cluster.topic_id(topic) for topic in topics}

    async def starts(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return where logs begin."""
        return dict.fromkeys(partitions, 0)

    async def ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return where logs end."""
        await asyncio.sleep(0.001)
        await self._cluster.there.wait()
        self._connections.answered_at = now()
        return {each: len(self._cluster.logs[each]) for each in partitions}

    known_starts = starts
    known_ends = ends


def _new_consumer(connection: Connection, **options: Any) -> "FakeConsumer":
    return FakeConsumer(**options, **connection.options)


class FakeConsumer:
    """Stands for ``AIOKafkaConsumer``, as far as the engine uses it, with the traps it has."""

    def __init__(
        self, *, group: Group, on_client: Callable[["FakeConsumer"], None], **options: object
    ) -> None:
        del options
        self.topics: list[str] = []
        self.dead = False
        self._group = group
        self._cluster = group.cluster
        self._client = _Connections(group.cluster)
        self.lost = False
        self._listener: ConsumerRebalanceListener | None = None
        self._generation: int | None = None
        self._assigned: set[Theirs] = set()
        self._positions: dict[Theirs, int] = {}
        self._paused: set[Theirs] = set()
        self._joined = asyncio.Event()
        self.context = copy_context()  # what the group tells it is done as its process does
        on_client(self)

    @property
    def lost(self) -> bool:
        """See ``Member``."""
        return self._lost

    @lost.setter
    def lost(self, lost: bool) -> None:
        self._lost = lost
        self._client.is_member = not lost

    def subscribe(self, topics: list[str], listener: ConsumerRebalanceListener) -> None:
        """Say what to read."""
        self.topics, self._listener = topics, listener

    async def start(self) -> None:
        """Join."""
        if self.dead or not self._cluster.there.is_set():
            raise KafkaConnectionError
        await self._group.join(self)

    async def stop(self) -> None:
        """Leave."""
        if not self.dead:
            self.dead = True
            await self._group.leave(self)

    @property
    def takes_part(self) -> bool:
        """See ``Member``: a new one is told that it had nothing, too."""
        return self._joined.is_set() or self._generation is None

    async def let_go(self) -> None:
        """See ``Member``."""
        self._joined.clear()
        if not self.dead and self._listener is not None:
            await self._as_itself(self._listener.on_partitions_revoked(set(self._assigned)))

    async def take(self, share: set[Theirs], generation: int) -> None:
        """See ``Member``."""
        self._assigned, self._positions, self._paused = share, {}, set()
        self._generation = generation
        self._joined.set()
        if self._listener is not None:
            await self._as_itself(self._listener.on_partitions_assigned(set(share)))

    async def _as_itself(self, told: Coroutine[Any, Any, None]) -> None:
        """Let its process hear something: the group's code is nobody's."""
        await asyncio.create_task(told, context=self.context)

    def assignment(self) -> Collection[Theirs]:
        """Return what was given out last."""
        return self._assigned

    def read_to(self, partition: TopicPartition) -> int:
        """Return how far it has read, which only the simulation asks."""
        return self._positions.get(Theirs(*partition), 0)

    async def getmany(
        self, *partitions: Theirs, timeout_ms: int, max_records: int
    ) -> dict[Theirs, list[Fetched]]:
        """Return records of the partitions that are open, wait for them if there are none."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_ms / 1000
        while True:
            if self.dead:
                await asyncio.Event().wait()
            if self._cluster.fails(POLLS_FAIL):
                raise KafkaConnectionError
            await self._joined.wait()  # a rebalance makes it outlast its time-out
            found = self._fetch(partitions, max_records)
            left = deadline - loop.time()
            if found or left <= 0:
                return found
            self._cluster.news.clear()
            try:
                async with asyncio.timeout(left):
                    await self._cluster.news.wait()
            except TimeoutError:
                return {}

    def _fetch(self, partitions: Iterable[Theirs], room: int) -> dict[Theirs, list[Fetched]]:
        found: dict[Theirs, list[Fetched]] = {}
        if not self._cluster.there.is_set():
            return found
        for partition in partitions:
            if partition in self._paused or partition not in self._positions:
                continue
            records = self._fetch_from(partition, room)
            room -= len(records)
            if records:
                found[partition] = records
        return found

    def _fetch_from(self, partition: Theirs, room: int) -> list[Fetched]:
        log = self._cluster.logs[TopicPartition(*partition)]
        position = self._positions[partition]
        if position > len(log):
            raise OffsetOutOfRangeError({partition: position})
        fetched: list[Fetched] = []
        while position < len(log) and len(fetched) < room:
            record = log[position]
            position += 1
            if record is not None:
                stamp = int(record.timestamp * 1000)
                fetched.append(
                    Fetched(record.offset, stamp, record.key, record.value, record.headers)
                )
        self._positions[partition] = position
        return fetched

    def seek(self, partition: Theirs, offset: int) -> None:
        """Go on elsewhere."""
        if partition not in self._assigned:
            raise IllegalStateError(partition)
        self._positions[partition] = offset

    def pause(self, partition: Theirs) -> None:
        """Fetch nothing of it."""
        self._paused.add(partition)

    def resume(self, partition: Theirs) -> None:
        """Fetch it again."""
        self._paused.discard(partition)

    async def position(self, partition: Theirs) -> int:
        """Return where it goes on."""
        if partition not in self._positions:
            raise IllegalStateError(partition)
        return self._positions[partition]

    async def commit(self, offsets: Mapping[Theirs, tuple[int, str]]) -> None:
        """Commit; for as long as Kafka is away that is tried again."""
        generation = self._generation
        await asyncio.sleep(self._cluster.chance.random() * 0.02)
        await self._cluster.there.wait()
        if self.dead or generation != self._group.generation:
            raise CommitFailedError
        self._cluster.commit({TopicPartition(*each): told for each, told in offsets.items()})
        await asyncio.sleep(self._cluster.chance.random() * 0.02)

    def last_stable_offset(self, partition: Theirs) -> int | None:
        """Return that nothing is known of transactions."""
        del partition
        return None


async def read_saved(connection: Connection, control_topic: str, group_id: str) -> Saved:
    """Return what workers have written down."""
    cluster = _cluster_of(connection)
    await asyncio.sleep(0.001)
    if not cluster.there.is_set():
        raise KafkaUnavailableError("away")
    reader = SavedReader(group_id)
    for key, value in cluster.kept[control_topic].items():
        reader.take(key, value)
    return reader.saved()


def _cluster_of(connection: Connection) -> Cluster:
    group: Group = connection.options["group"]
    return group.cluster


@asynccontextmanager
async def reading_again(connection: Connection, topic: str) -> AsyncIterator[Read]:
    """Stand for what reads single records again."""
    cluster = _cluster_of(connection)

    async def read(partition: int, offset: int) -> Record | None:
        await asyncio.sleep(0.01)
        await cluster.there.wait()
        record = cluster.logs[TopicPartition(topic, partition)][offset]
        return record and replace(record, timestamp=int(record.timestamp * 1000) / 1000)

    yield read


class FakeAdmin:
    """Stands for ``Admin`` and ``GroupOffsets``, as far as offsets are concerned."""

    def __init__(self, connection: Connection) -> None:
        self._group: Group = connection.options["group"]
        self._cluster = self._group.cluster
        self.logs = FakeLogs(_Connections(self._cluster))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def commit(self, group_id: str, commits: Mapping[TopicPartition, Commit]) -> None:
        """Commit while the group has no members."""
        del group_id
        await asyncio.sleep(0.001)
        if self._group.members:
            raise GroupHasMembersError
        self._cluster.commit({each: (told.offset, told.metadata) for each, told in commits.items()})

    async def committed(
        self, group_id: str, partitions: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, Committed | None]:
        """Return what the group has committed."""
        del group_id
        await asyncio.sleep(0.001)
        if not self._cluster.there.is_set():
            raise KafkaUnavailableError("away")
        committed = self._cluster.committed
        return {
            each: read_commit(*committed[each]) if each in committed else None
            for each in sorted(partitions)  # a set's order is another one in each process
        }

    async def delete_records(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Delete nothing: what is done is judged by what was written."""
        del offsets


class FakeProducer(BeginsByWriting, Producer):
    """Writes as soon as it can, or fails before anything was written.

    Args:
        connection: For what it inherits; nothing is connected to.
        cluster: What it writes to.
        on_write: Called with the topic and the value of whatever it is to write.
        now: Seconds since the epoch, which records are stamped with.
        on_append: Called with the time at which a broker has taken one.
    """

    def __init__(
        self,
        connection: Connection,
        cluster: Cluster,
        on_write: Callable[[str, bytes | None, Headers], None],
        *,
        now: Callable[[], float],
        on_append: Callable[[float], None],
    ) -> None:
        super().__init__(connection, now=now, on_append=on_append)
        self._cluster = cluster
        self._on_write = on_write
        self.refused: set[str] = set()  # topics that cannot be written now
        self.dead = False  # whoever had it has crashed

    async def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> tuple[TopicPartition, int]:
        """Write, or fail before anything was written."""
        self._on_write(topic, value, headers)
        created = self._now()
        chance = self._cluster.chance
        await asyncio.sleep(chance.random() * 0.05)
        await self._cluster.there.wait()
        if self.dead:
            await asyncio.Event().wait()
        if topic in self.refused or self._cluster.fails(WRITES_FAIL):
            raise KafkaUnavailableError("no leader")
        if value is not None and LARGE in value:
            raise RecordTooLargeError("too large")
        record = self._cluster.append(topic, key, value, headers, created=created)
        await asyncio.sleep(chance.random() * 0.05)
        if self._cluster.clocks.stamping:
            self._on_append(record.timestamp)
        return record.partition, record.offset

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> tuple[TopicPartition, int]:
        """Write to the compacted topic, of which nobody reads more than the last word."""
        del headers
        await self._cluster.there.wait()
        if self.dead:
            await asyncio.Event().wait()
        self._cluster.kept[topic][key or b""] = value
        written = TopicPartition(topic, 0)
        if self._cluster.clocks.stamping:
            self._on_append(self._cluster.clocks.stamp(written))
        return written, 0
