"""One membership in the consumer group: fetches records, commits offsets.

What aiokafka 0.14 does that its users must know, and what is done about it here:

* ``getmany`` may raise for one partition after it has moved the position of another, whose records
  are then lost to the caller: after every error the positions go back to the first record that was
  not handed over.
* ``getmany`` without partitions means all of them, ``pause()`` drops what was fetched: therefore
  the open partitions are named, and an assigned one is never paused.
* ``commit`` retries for ever: every commit has a time-out.
* ``stop`` does not call the listener and may hang: it is bounded.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as Theirs
from aiokafka import errors as kafka
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.structs import ConsumerRecord

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import describe, translated
from app.values.record import Record, TopicPartition

log = logging.getLogger(__name__)

REBALANCE_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0
NOWHERE = TopicPartition("-", 0)
"""A partition that is not there: polling it returns nothing and keeps the idle timer fresh."""

OnChange = Callable[[set[TopicPartition]], Awaitable[None]]


class PositionLostError(Exception):
    """The next record of these partitions is not in the log any more (retention, a new topic)."""

    def __init__(self, partitions: list[TopicPartition]) -> None:
        super().__init__(", ".join(f"{topic}/{number}" for topic, number in partitions))
        self.partitions = partitions


class Consumer:
    """A member of the group, started once and stopped once.

    Args:
        connection: Where Kafka is.
        topics: What to subscribe to.
        group_id: The consumer group.
        max_poll_records: The most records one poll returns.
        on_assigned: Awaited with the partitions this member now has; fetching what it does not
            name in ``poll`` waits.
        on_revoked: Awaited with the partitions that are being taken away; the group waits for it.
    """

    def __init__(
        self,
        connection: Connection,
        topics: Collection[str],
        group_id: str,
        *,
        max_poll_records: int,
        on_assigned: OnChange,
        on_revoked: OnChange,
    ) -> None:
        self._next: dict[TopicPartition, int] = {}
        # The embedded broker keeps a left group waiting for as long as its sessions last.
        session_timeout_ms = 3_000 if connection.embedded else 10_000
        self._client = AIOKafkaConsumer(
            group_id=group_id,
            enable_auto_commit=False,
            auto_offset_reset="none",  # positions are the worker's own
            isolation_level="read_committed",
            max_poll_records=max_poll_records,
            max_partition_fetch_bytes=1_048_576,
            fetch_max_wait_ms=100,
            rebalance_timeout_ms=int(REBALANCE_TIMEOUT * 1000),
            request_timeout_ms=int((REBALANCE_TIMEOUT + 5) * 1000),
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=session_timeout_ms // 6,
            **connection.options,
        )
        self._client.subscribe(list(topics), listener=_Listener(on_assigned, on_revoked))

    async def start(self) -> None:
        """Connect and join the group; returns when the first assignment is known.

        Raises:
            KafkaUnavailableError: No broker answered.
            KafkaRefusedError: Not allowed in.
        """
        with translated("let this worker join the group"):
            await self._client.start()

    async def stop(self) -> None:
        """Leave the group and close, within a few seconds whatever Kafka does."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                # Just after a failed fetch, stop() ends with a CancelledError of its own and leaves
                # connections open: gather keeps it from looking like ours, close does the rest.
                await asyncio.gather(self._client.stop(), return_exceptions=True)
                await self._client._client.close()  # noqa: SLF001 - see above
        except (TimeoutError, kafka.KafkaError) as error:
            log.warning("the Kafka consumer did not close cleanly: %s", describe(error))

    async def poll(
        self, partitions: Collection[TopicPartition], max_records: int, timeout: float
    ) -> list[Record]:
        """Return what has been fetched of the open partitions, at most ``max_records``.

        Args:
            partitions: The open ones; with none, the call waits and returns nothing.
            max_records: At least 1.
            timeout: Seconds to wait for the first record. A rebalance may make it longer.

        Raises:
            PositionLostError: A position fell out of the log; seek it and poll again.
            KafkaUnavailableError, KafkaRefusedError: As everywhere.
        """
        try:
            batches = await self._client.getmany(
                *(Theirs(*partition) for partition in partitions or (NOWHERE,)),
                timeout_ms=int(timeout * 1000),
                max_records=max_records,
            )
        except kafka.NoOffsetForPartitionError:
            self._rewind(partitions)  # asked before the position was set; it is by now
            return []
        except kafka.OffsetOutOfRangeError as error:
            self._rewind(partitions)
            raise PositionLostError([TopicPartition(*tp) for tp in error.args[0]]) from error
        except kafka.KafkaError as error:
            self._rewind(partitions)
            with translated("hand over records"):
                raise error from None
        records: list[Record] = []
        for assigned, batch in batches.items():
            partition = TopicPartition(*assigned)
            if partition in self._next:
                records += [_record(partition, fetched) for fetched in batch]
                self._next[partition] = batch[-1].offset + 1
        return records

    def _rewind(self, partitions: Iterable[TopicPartition]) -> None:
        assigned = self._client.assignment()
        for partition in partitions:
            if partition in assigned and partition in self._next:
                self._client.seek(Theirs(*partition), self._next[partition])

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Make ``offset`` the next to be fetched."""
        self._next[partition] = offset
        self._client.seek(Theirs(*partition), offset)

    def give_back(self, records: Iterable[Record]) -> None:
        """Take records as not handed over: the next poll begins with them."""
        for record in reversed(list(records)):
            self.seek(record.partition, record.offset)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Drop the positions of partitions that went to somebody else."""
        for partition in partitions:
            self._next.pop(partition, None)

    async def position(self, partition: TopicPartition) -> int:
        """Return the next offset to be fetched; past gaps that hold no records."""
        with translated("tell the position"):
            return int(await self._client.position(Theirs(*partition)))

    async def commit(self, offsets: Mapping[TopicPartition, int], timeout: float) -> None:
        """Commit, or raise after ``timeout`` seconds.

        Raises:
            KafkaUnavailableError: Not acknowledged, or the partitions are somebody else's by now.
            KafkaRefusedError: Not allowed.
        """
        with translated("acknowledge a commit"):
            async with asyncio.timeout(timeout):
                await self._client.commit(
                    {Theirs(*partition): offset for partition, offset in offsets.items()}
                )

    async def log_starts(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the first offset still there, by partition."""
        return await self._offsets(self._client.beginning_offsets, partitions)

    async def log_ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset the next record will get, by partition."""
        return await self._offsets(self._client.end_offsets, partitions)

    async def _offsets(
        self,
        ask: Callable[[list[Theirs]], Awaitable[Mapping[tuple[str, int], int]]],
        partitions: Collection[TopicPartition],
    ) -> dict[TopicPartition, int]:
        if not partitions:
            return {}
        with translated("tell the ends of its logs"):
            async with asyncio.timeout(10):
                answer = await ask([Theirs(*partition) for partition in partitions])
        return {TopicPartition(*partition): offset for partition, offset in answer.items()}


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    def __init__(self, on_assigned: OnChange, on_revoked: OnChange) -> None:
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked

    async def on_partitions_assigned(self, assigned: Iterable[tuple[str, int]]) -> None:
        await self._on_assigned({TopicPartition(*partition) for partition in assigned})

    async def on_partitions_revoked(self, revoked: Iterable[tuple[str, int]]) -> None:
        await self._on_revoked({TopicPartition(*partition) for partition in revoked})


def _record(partition: TopicPartition, fetched: "ConsumerRecord[bytes, bytes]") -> Record:
    return Record(
        partition=partition,
        offset=fetched.offset,
        timestamp=fetched.timestamp / 1000,
        key=fetched.key,
        value=fetched.value,
        headers=tuple(fetched.headers),
    )
