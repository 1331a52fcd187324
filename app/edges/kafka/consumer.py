"""One membership in the consumer group: fetches records, commits offsets.

What aiokafka 0.14 does wrong, and what this module does about it:

* ``getmany`` may raise for one partition after it has moved the position of another, whose records
  are then lost to the caller: after every error the positions go back to the first record that was
  not handed over.
* ``getmany`` raises for ever if a batch cannot be decoded, and unpacks on the event loop what may
  be gigabytes: such batches are fetched by themselves (``record_batch``).
* ``getmany`` may return what belongs to an assignment that has ended meanwhile: that is dropped.
* ``getmany`` without partitions means all of them, so the open ones are named. Fetched records of a
  partition that is left out hold up all fetches of its broker for a tenth of a second: one that is
  left out for longer is paused, which drops them.
* What goes wrong with one partition gets in the way of all others: it rests (``fetch_watch``).
* ``stop`` does not call the listener and may hang: it is bounded.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from math import ceil
from typing import Any

from aiokafka import ConsumerRebalanceListener
from aiokafka import TopicPartition as Theirs
from aiokafka import errors as kafka
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.structs import ConsumerRecord

from app.edges.kafka.client import new_consumer
from app.edges.kafka.closing import close_consumer
from app.edges.kafka.cluster_metadata import ClusterMetadata
from app.edges.kafka.commits import Commits
from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.fetch_watch import FetchWatch, Unreadable
from app.edges.kafka.heavy_batches import LIGHT
from app.edges.kafka.partition_logs import PartitionLogs
from app.edges.kafka.raw_fetch import RawFetch
from app.values.record import Record, TopicPartition

log = logging.getLogger(__name__)

REBALANCE_TIMEOUT = 30.0
SESSION_TIMEOUT = 10.0
"""Seconds without a word from a member after which the group takes it for dead."""
STOP_TIMEOUT = 5.0
AT_ONCE = 0.5
NOWHERE = TopicPartition("-", 0)
"""A partition that is not there: polling it returns nothing and keeps the idle timer fresh."""

UNDECODED = (kafka.CorruptRecordException, kafka.RecordTooLargeError, kafka.UnsupportedCodecError)
"""Errors that aiokafka raises for a batch that it cannot decode, among others."""

OnChange = Callable[[set[TopicPartition]], Awaitable[None]]


class PositionLostError(Exception):
    """The next record of these partitions is not in the log any more (retention, a new topic)."""

    def __init__(self, partitions: list[TopicPartition]) -> None:
        super().__init__(", ".join(f"{topic}/{number}" for topic, number in partitions))
        self.partitions = partitions


class Consumer:
    """A member of the group, started once and stopped once."""

    def __init__(
        self,
        connection: Connection,
        topics: Collection[str],
        group_id: str,
        *,
        max_poll_records: int,
    ) -> None:
        self._next: dict[TopicPartition, int] = {}
        self._topics = topics
        self._generation = 0
        # The embedded broker keeps a left group waiting for as long as its sessions last.
        session_timeout_ms = 3_000 if connection.embedded else int(SESSION_TIMEOUT * 1000)
        self._client = new_consumer(
            connection,
            group_id=group_id,
            enable_auto_commit=False,
            auto_offset_reset="none",  # positions are the worker's own
            isolation_level="read_committed",
            max_poll_records=max_poll_records,
            max_partition_fetch_bytes=1_048_576,
            fetch_max_wait_ms=100,
            rebalance_timeout_ms=int(REBALANCE_TIMEOUT * 1000),
            request_timeout_ms=int((REBALANCE_TIMEOUT + 5) * 1000),
            most_unpacked=LIGHT,
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=session_timeout_ms // 6,
        )
        self._raw = RawFetch(self._client)
        self._watch = FetchWatch(self._client)
        self.commits = Commits(self._client)
        self.logs = PartitionLogs(self._client._client)  # noqa: SLF001 - it has no public way to a raw request
        self.metadata = ClusterMetadata(self._client._client, topics)  # noqa: SLF001 - nor to this

    async def start(self, on_assigned: OnChange, on_revoked: OnChange) -> None:
        """Connect and join the group; returns when the first assignment is known.

        Args:
            on_assigned: Awaited with the partitions this member now has; fetching what it does not
                name in ``poll`` waits.
            on_revoked: Awaited with the partitions that are being taken away; the group waits for
                it.

        Raises:
            KafkaUnavailableError: No broker answered.
            KafkaRefusedError: Not allowed in.
        """
        self._client.subscribe(list(self._topics), listener=_Listener(on_assigned, on_revoked))
        with translated("let this worker join the group"):
            await self._client.start()

    async def stop(self, *, at_once: bool = False) -> None:
        """Leave the group and close, within a few seconds even if Kafka does not answer.

        Args:
            at_once: Kafka does not answer: hardly wait until it knows.
        """
        self.commits.abandon()
        self._watch.reset()
        await close_consumer(self._client, AT_ONCE if at_once else STOP_TIMEOUT)

    async def poll(
        self, partitions: Collection[TopicPartition], max_records: int, timeout: float
    ) -> list[Record]:
        """Return fetched records of the open partitions, at most ``max_records``.

        Args:
            partitions: The open ones; with none, the call waits and returns nothing.
            max_records: At least 1.
            timeout: Seconds to wait for the first record. A rebalance may make it longer.

        Raises:
            PositionLostError: A position fell out of the log; seek it and poll again.
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
        """
        generation = self._generation
        try:
            batches = await self._fetched(partitions, max_records, timeout)
        except kafka.NoOffsetForPartitionError:
            self._rewind(partitions)  # asked before the position was set; it is by now
            return []
        except kafka.OffsetOutOfRangeError as error:
            self._rewind(partitions)
            raise PositionLostError([TopicPartition(*tp) for tp in error.args[0]]) from error
        except UNDECODED:
            return await self._read_raw(partitions, max_records)
        except kafka.KafkaError as error:
            self._rewind(partitions)
            with translated("hand over records"):
                raise error from None
        except Exception:
            log.exception("aiokafka cannot decode what it fetched; reading it batch by batch")
            return await self._read_raw(partitions, max_records)
        if generation != self._generation:
            # A rebalance went on meanwhile: positions were set anew since these were fetched.
            self._rewind(self._next)
            return []
        records: list[Record] = []
        for assigned, batch in batches.items():
            partition = TopicPartition(*assigned)
            if partition in self._next:
                records += [_record(partition, fetched) for fetched in batch]
                self._next[partition] = batch[-1].offset + 1
        return records

    async def _fetched(
        self, partitions: Collection[TopicPartition], max_records: int, timeout: float
    ) -> Mapping[tuple[str, int], Sequence["ConsumerRecord[bytes, bytes]"]]:
        """Return what aiokafka has; that a topic is refused keeps nobody else's from coming."""
        while True:
            open_now = self._watch.awake(partitions) or [NOWHERE]
            try:
                fetched: Mapping[tuple[str, int], Any] = await self._client.getmany(
                    *map(_theirs, open_now),
                    timeout_ms=ceil(timeout * 1000),  # 0 would not wait at all
                    max_records=max_records,
                )
            except kafka.TopicAuthorizationFailedError as error:
                if all(topic != error.args[0] for topic, _ in open_now):
                    raise
            else:
                return fetched

    async def _read_raw(
        self, partitions: Collection[TopicPartition], max_records: int
    ) -> list[Record]:
        self._rewind(partitions)
        generation = self._generation
        wanted = {
            each: self._next[each] for each in self._watch.awake(partitions) if each in self._next
        }
        with translated("hand over records"):
            stretches = await self._raw.read(wanted, max_records)
        if generation != self._generation:
            return []
        records: list[Record] = []
        for partition, stretch in stretches.items():
            taken = stretch.records[: max(max_records - len(records), 0)]
            records += taken
            whole = len(taken) == len(stretch.records)
            next_offset = stretch.next_offset if whole else stretch.records[len(taken)].offset
            self.seek(partition, next_offset)
        return records

    def _rewind(self, partitions: Iterable[TopicPartition]) -> None:
        assigned = self._client.assignment()
        for partition in partitions:
            if partition in assigned and partition in self._next:
                self._client.seek(Theirs(*partition), self._next[partition])

    def has(self, partition: TopicPartition) -> bool:
        """Say whether a partition is this member's now."""
        return partition in self._client.assignment()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Make ``offset`` the next to be fetched."""
        self._next[partition] = offset
        self._client.seek(Theirs(*partition), offset)

    def give_back(self, records: Iterable[Record]) -> None:
        """Take records as not handed over: the next poll begins with them."""
        for record in reversed(list(records)):
            self.seek(record.partition, record.offset)

    def pause(self, partition: TopicPartition) -> None:
        """Fetch nothing of an assigned partition, and drop its fetched records."""
        self._watch.hold(partition)

    def resume(self, partition: TopicPartition) -> None:
        """Fetch an assigned partition again."""
        self._watch.release(partition)

    def unreadable(self) -> Mapping[TopicPartition, Unreadable]:
        """Return which partitions cannot be read now, and why; each is asked again by itself."""
        return self._watch.unreadable(self._next)

    @property
    def group_leader(self) -> str | None:
        """The id of the member that leads the group, as last heard."""
        leader: str | None = self._client._client.group_leader  # noqa: SLF001 - as above
        return leader

    def silent_for(self) -> float:
        """Return the seconds since any broker last answered."""
        return float(self._client._client.silent_for())  # noqa: SLF001 - as above

    def unconfirmed_for(self) -> float:
        """Return the seconds since the coordinator was last asked whether this is a member.

        What it was asked before and answered with no, or not yet, does not count.
        """
        return float(self._client._client.unconfirmed_for())  # noqa: SLF001 - as above

    def knock(self) -> None:
        """Ask the brokers for a sign of life."""
        self._client._client.knock()  # noqa: SLF001 - as above

    def forget_all(self) -> None:
        """Drop all positions: the partitions are being taken away."""
        self._generation += 1
        self._next.clear()
        self._watch.reset()

    async def position(self, partition: TopicPartition) -> int:
        """Return the next offset to be fetched; past gaps that hold no records."""
        with translated("tell the position"):
            return int(await self._client.position(Theirs(*partition)))

    def readable_end(self, partition: TopicPartition) -> int | None:
        """Return the offset from which on open transactions hide records, as last fetched.

        None if it is not known. It is the end of the log if no transaction is open.
        """
        if not self.has(partition):
            return None
        told = self._client.last_stable_offset(Theirs(*partition))
        return None if told is None or told < 0 else int(told)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    def __init__(self, on_assigned: OnChange, on_revoked: OnChange) -> None:
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked

    async def on_partitions_assigned(self, assigned: Iterable[tuple[str, int]]) -> None:
        await self._on_assigned({TopicPartition(*partition) for partition in assigned})

    async def on_partitions_revoked(self, revoked: Iterable[tuple[str, int]]) -> None:
        await self._on_revoked({TopicPartition(*partition) for partition in revoked})


@lru_cache(maxsize=4096)
def _theirs(partition: TopicPartition) -> Any:
    """Return aiokafka's own; it takes no other."""
    return Theirs(*partition)


def _record(partition: TopicPartition, fetched: "ConsumerRecord[bytes, bytes]") -> Record:
    timestamp = (fetched.timestamp or 0) / 1000  # the oldest format knows no times
    headers = tuple(fetched.headers) if fetched.headers else ()
    return Record(partition, fetched.offset, timestamp, fetched.key, fetched.value, headers)
