"""aiokafka's idempotent producer, and what it lacks.

What aiokafka 0.14 does wrong, and what this module does about it:

* A batch that failed has used up its sequence numbers: the next batch for that partition
  is out of order. If it is certain that the batch is not in the log, they are given back. If not,
  the client is ``spent``: it ends what it has begun, and another one goes on.
* It does not know every error of Kafka, and drops the words that come with them: those are kept.
* One record that Kafka does not take fails all of its batch: only that one is refused.
* It takes some passing errors for final: those are tried again.
* It compresses on the event loop: what is heavy is compressed in a thread.
* ``stop`` waits until everything is written, for ever if need be; ``abandon`` does not.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka
from aiokafka.producer.sender import Sender, SendProduceReqHandler
from aiokafka.protocol.produce import ProduceRequest, ProduceRequest_v8
from aiokafka.structs import TopicPartition

from app.edges.kafka.client import Client
from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import describe
from app.edges.kafka.producer_batches import BATCH_BYTES, Accumulator, Answer, Batch, Entry

PASSING: Final = frozenset({9, 74, 75, 89, 100})
"""Kafka's codes for what passes and aiokafka gives up on: a replica that is away, a leader of
another epoch, a quota, a topic id that is not known yet."""


class ProducerClient(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka ships no types
    """Writes records in order and once, acknowledged by every in-sync replica.

    Args:
        request_timeout_ms: For one request, and for a batch to find a leader.
        appended: Called with the broker's time, in milliseconds since the epoch, when a topic with
            ``LogAppendTime`` took a batch.
        failed: Called when a batch failed, before its records are told.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        request_timeout_ms: int,
        appended: Callable[[int], None],
        failed: Callable[[], None],
        **options: Any,
    ) -> None:
        super().__init__(
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=request_timeout_ms,
            max_batch_size=BATCH_BYTES,
            **options,
            **connection.options,
        )
        theirs: Any = self._message_accumulator  # type: ignore[has-type]
        self.client = Client(connection, request_timeout_ms)
        self._metadata = self.client.cluster
        self._message_accumulator = Accumulator(
            self._metadata,
            theirs._batch_size,  # noqa: SLF001 - as it was made from the options
            theirs._compression_type,  # noqa: SLF001
            theirs._batch_ttl,  # noqa: SLF001
            txn_manager=self._txn_manager,
            loop=self._loop,
        )
        self._message_accumulator.appended = appended
        self._message_accumulator.failed = failed
        self._sender = _Sender(
            self.client,
            acks=-1,
            txn_manager=self._txn_manager,
            message_accumulator=self._message_accumulator,
            retry_backoff_ms=100,
            request_timeout_ms=request_timeout_ms,
        )

    async def learn(self, topic: str) -> None:
        """Wait until the leaders of a topic's partitions are known.

        Raises:
            KafkaError: It cannot be found out.
        """
        await self.client._wait_on_metadata(topic)  # noqa: SLF001 - as its own send does

    def knows(self, topic: str) -> bool:
        """Say whether the leaders of a topic's partitions are known."""
        return topic in self._metadata._partitions  # noqa: SLF001 - the public way copies them all

    def write(self, topic: str, entry: Entry) -> None:
        """Write a record to a topic that is known; returns before anything is sent.

        Raises:
            KafkaError: The client was closed, or takes no such record.
        """
        key, value, headers = entry.key, entry.value, entry.headers
        self._serialize(key, value, headers)  # it checks the size
        if entry.partition is not None:
            partition = TopicPartition(topic, entry.partition)
        elif entry.anywhere or key is None:
            partition = self._message_accumulator.filling(topic)
        else:
            number = self._partition(topic, None, key, value, key, value)
            partition = TopicPartition(topic, number)
        self._message_accumulator.add(partition, entry)

    @property
    def spent(self) -> bool:
        """Whether it takes no more records."""
        accumulator = self._message_accumulator
        return accumulator.uncertain or accumulator._exception is not None  # noqa: SLF001

    def silent_for(self) -> float:
        """Return the seconds since a broker last answered while records wait to be written."""
        waiting = [batch._ctime for batch in self._message_accumulator.batches()]  # noqa: SLF001
        if not waiting:
            return 0.0
        since: float = max(self.client.answered_at, min(waiting))
        return time.monotonic() - since

    def trouble_with(self, topic: str) -> str | None:
        """Say why records for a topic are tried again and again, or None."""
        for batch in self._message_accumulator.batches():
            if batch.tp.topic == topic and batch.trouble is not None:
                return str(batch.trouble)
        return None

    async def abandon(self) -> None:
        """Close at once; unacknowledged records fail, and may or may not be in the log."""
        self._closed = True
        self._message_accumulator._closed = True  # noqa: SLF001
        self._message_accumulator.fail_all(kafka.KafkaConnectionError("the producer was given up"))
        await self._sender.abandon()
        await self.client.close()


class _Sender(Sender):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._producing: set[asyncio.Task[Any]] = set()

    async def _send_produce_req(self, node_id: int, batches: Any) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._producing.add(task)
            task.add_done_callback(self._producing.discard)
        for batch in batches.values():
            await batch.pack()
        await _Handler(self, batches).do(node_id)
        self._in_flight.remove(node_id)
        self._muted_partitions.difference_update(batches)

    async def abandon(self) -> None:
        """End every task."""
        tasks = [*self._producing, *filter(None, [self._sender_task])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Produce(ProduceRequest):  # type: ignore[misc]
    """The request in the version that names faults in words, and the records that have them."""


_Produce._CLASSES = (*ProduceRequest._CLASSES, ProduceRequest_v8)  # noqa: SLF001 - it has the form, and leaves it out


class _Handler(SendProduceReqHandler):  # type: ignore[misc]
    def create_request(self) -> _Produce:
        theirs = super().create_request()
        return _Produce(
            theirs._transactional_id,  # noqa: SLF001
            theirs.required_acks,
            theirs._timeout,  # noqa: SLF001
            theirs._topics,  # noqa: SLF001
        )

    async def do(self, node_id: int) -> None:
        for batch in self._batches.values():
            batch.answer = Answer()
        await super().do(node_id)

    def handle_response(self, response: Any) -> None:
        for topic, partitions in response.topics:
            for number, code, *rest in partitions:
                batch = self._batches.get((topic, number))
                if batch is not None and response.API_VERSION >= 8:
                    *_, faults, words = rest
                    batch.answer = Answer(code, words, dict(faults or ()))
                elif batch is not None:
                    batch.answer = Answer(code)
        super().handle_response(response)

    def _can_retry(self, error: kafka.KafkaError, batch: Batch) -> bool:
        code, words, _ = batch.answer
        again = code in PASSING or super()._can_retry(error, batch)
        if again:
            batch.trouble = describe(error) + (f" ({words})" if words else "")
        return again
