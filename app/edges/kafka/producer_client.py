"""aiokafka's idempotent producer, with what it lacks.

What aiokafka 0.14 does, and what is done about it here:

* A batch that failed has used up its sequence numbers: whatever is written next to that partition
  is out of order. Where it is certain that the batch is not in the log they are given back. Where
  it is not, the client is ``spent``: it ends what it has begun, and another one goes on.
* It does not know every error of Kafka, and drops the words that come with them: those are kept.
* One record that Kafka does not take fails all of its batch: only that one is refused.
* Some of what passes by itself it takes for final: it is tried again.
* ``stop`` waits until everything is written, be it for ever: ``abandon`` does not.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch
from aiokafka.producer.sender import Sender, SendProduceReqHandler
from aiokafka.protocol.produce import ProduceRequest, ProduceRequest_v8

from app.edges.kafka.client import Client
from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import REFUSALS, TOO_LARGE, RefusedRecordError, describe

REFUSED: Final = frozenset({32, 43, 76, 87})
"""Kafka's codes for what a topic does not take: a timestamp, a format, a compression, a record."""
PASSING: Final = frozenset({9, 74, 75, 89, 100})
"""Kafka's codes for what passes and aiokafka gives up on: a replica that is away, a leader of
another epoch, a quota, a topic id that is not known yet."""
NEVER_SENT: Final = (kafka.LeaderNotAvailableError, kafka.NotLeaderForPartitionError)
"""What aiokafka says of a batch that waited too long for a leader."""
NOT_WRITTEN: Final = (*REFUSALS, *TOO_LARGE, *NEVER_SENT, RefusedRecordError)


class BatchRefusedError(kafka.KafkaError):  # type: ignore[misc]
    """The record is not at fault; to be written again, apart from the one that is."""

    retriable = True


class ProducerClient(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka ships no types
    """Writes records in order and once, acknowledged by every in-sync replica.

    Args:
        connection: Where Kafka is.
        request_timeout_ms: For one request, and for a batch to find a leader.
        options: Of aiokafka's producer.
    """

    def __init__(self, connection: Connection, *, request_timeout_ms: int, **options: Any) -> None:
        super().__init__(
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=request_timeout_ms,
            **options,
            **connection.options,
        )
        theirs: Any = self._message_accumulator  # type: ignore[has-type]
        self.client = Client(connection, request_timeout_ms)
        self._metadata = self.client.cluster
        self._message_accumulator = _Accumulator(
            self._metadata,
            theirs._batch_size,  # noqa: SLF001 - as it was made from the options
            theirs._compression_type,  # noqa: SLF001
            theirs._batch_ttl,  # noqa: SLF001
            txn_manager=self._txn_manager,
            loop=self._loop,
        )
        self._sender = _Sender(
            self.client,
            acks=-1,
            txn_manager=self._txn_manager,
            message_accumulator=self._message_accumulator,
            retry_backoff_ms=100,
            request_timeout_ms=request_timeout_ms,
        )

    @property
    def spent(self) -> bool:
        """Whether nothing more is to be written with it."""
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
        """Close at once; what is not acknowledged fails, and may or may not be in the log."""
        self._closed = True
        self._message_accumulator._closed = True  # noqa: SLF001
        self._message_accumulator.fail_all(kafka.KafkaConnectionError("the producer was given up"))
        await self._sender.abandon()
        await self.client.close()


class _Answer(NamedTuple):
    """What a broker said of a batch.

    Attributes:
        code: Kafka's number.
        words: Its own, where it gives any.
        faults: What is wrong with single records, by their place in the batch.
    """

    code: int = 0
    words: str | None = None
    faults: Mapping[int, str | None] = {}


class _Batch(MessageBatch):  # type: ignore[misc]
    """Records for one partition.

    Attributes:
        answer: What the broker last said of it.
        trouble: Why it is tried again, or None.
    """

    def __init__(self, accumulator: "_Accumulator", tp: Any, builder: Any) -> None:
        super().__init__(tp, builder, accumulator._batch_ttl, accumulator._linger_time)  # noqa: SLF001
        self._accumulator = accumulator
        self._numbered = False
        self.answer = _Answer()
        self.trouble: str | None = None

    def set_producer_state(self, *args: Any, **numbers: Any) -> None:
        super().set_producer_state(*args, **numbers)
        self._numbered = True

    def failure(self, exception: BaseException) -> None:
        answer = self.answer
        if answer.code in REFUSED:
            self._spare_the_others(answer, exception)
            exception = _refusal(exception, answer.words)
        if self._numbered and not self.future.done():
            # The first try of two may have been written, whatever became of the second.
            if self.retry_count == 1 and isinstance(exception, NOT_WRITTEN):
                self._accumulator.give_back(self)
            else:
                self._accumulator.uncertain = True
        super().failure(exception)
        if self._drain_waiter.done() and not self._drain_waiter.cancelled():
            self._drain_waiter.exception()  # there may be nobody else to look at it

    def _spare_the_others(self, answer: _Answer, exception: BaseException) -> None:
        """Fail each record for what is wrong with itself, as far as the broker tells."""
        if not answer.faults:
            return
        for place, (future, _) in enumerate(self._msg_futures):
            if future.done():
                continue
            if place in answer.faults:
                words = answer.faults[place] or answer.words
                future.set_exception(_refusal(exception, words))
            else:
                future.set_exception(BatchRefusedError("written together with one that is refused"))


def _refusal(exception: BaseException, words: str | None) -> RefusedRecordError:
    """Say what is wrong and what to do, and what Kafka said itself."""
    return RefusedRecordError(describe(exception) + (f" ({words})" if words else ""))


class _Accumulator(MessageAccumulator):  # type: ignore[misc]
    """What waits to be written.

    Attributes:
        uncertain: It is not known of some batch whether it is in the log.
    """

    uncertain = False

    def batches(self) -> Iterator[_Batch]:
        """Yield every batch that is not acknowledged."""
        return chain(chain.from_iterable(self._batches.values()), self._pending_batches)

    def fail_all(self, exception: BaseException) -> None:
        # Those that wait for another try are in line again, and are to be taken out of both.
        self._pending_batches.update([each for each in self.batches() if each.retry_count])
        super().fail_all(exception)

    def give_back(self, batch: _Batch) -> None:
        """Let the next batch for the partition have this one's sequence numbers.

        There is never another one of the partition under way at the same time.
        """
        self._txn_manager.increment_sequence_number(batch.tp, -batch.record_count)

    def _append_batch(self, builder: Any, tp: Any) -> _Batch:
        batch = _Batch(self, tp, builder)
        self._batches[tp].append(batch)
        if not self._waiter_future.done():
            self._waiter_future.set_result(None)
        return batch


class _Sender(Sender):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._producing: set[asyncio.Task[Any]] = set()

    async def _send_produce_req(self, node_id: int, batches: Any) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._producing.add(task)
            task.add_done_callback(self._producing.discard)
        await _Handler(self, batches).do(node_id)
        self._in_flight.remove(node_id)
        self._muted_partitions -= batches.keys()

    async def abandon(self) -> None:
        """End every task, whatever it waits for."""
        tasks = [*self._producing, *filter(None, [self._sender_task])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Produce(ProduceRequest):  # type: ignore[misc]
    """The request in the version that says what is wrong in words, and with which record."""


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
            batch.answer = _Answer()
        await super().do(node_id)

    def handle_response(self, response: Any) -> None:
        for topic, partitions in response.topics:
            for number, code, *rest in partitions:
                batch = self._batches.get((topic, number))
                if batch is not None and response.API_VERSION >= 8:
                    *_, faults, words = rest
                    batch.answer = _Answer(code, words, dict(faults or ()))
                elif batch is not None:
                    batch.answer = _Answer(code)
        super().handle_response(response)

    def _can_retry(self, error: kafka.KafkaError, batch: _Batch) -> bool:
        code, words, _ = batch.answer
        again = code in PASSING or super()._can_retry(error, batch)
        if again:
            batch.trouble = describe(error) + (f" ({words})" if words else "")
        return again
