"""What waits to be written, and what becomes of it if it is refused.

See ``producer_client``, whose part this is.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple

from aiokafka import errors as kafka
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch

from app.edges.kafka.errors import REFUSALS, TOO_LARGE, RefusedRecordError, describe

REFUSED: Final = frozenset({32, 43, 76, 87})
"""Kafka's codes for what a topic does not take: a timestamp, a format, a compression, a record."""
NEVER_SENT: Final = (kafka.LeaderNotAvailableError, kafka.NotLeaderForPartitionError)
"""What aiokafka says of a batch that waited too long for a leader."""
NOT_WRITTEN: Final = (*REFUSALS, *TOO_LARGE, *NEVER_SENT, RefusedRecordError)


class BatchRefusedError(kafka.KafkaError):  # type: ignore[misc]
    """The record is not at fault; to be written again, apart from the one that is."""

    retriable = True


class Answer(NamedTuple):
    """What a broker said of a batch.

    Attributes:
        code: Kafka's number.
        words: Its own, where it gives any.
        faults: What is wrong with single records, by their place in the batch.
    """

    code: int = 0
    words: str | None = None
    faults: Mapping[int, str | None] = {}


class Batch(MessageBatch):  # type: ignore[misc]  # aiokafka ships no types
    """Records for one partition.

    Attributes:
        answer: What the broker last said of it.
        trouble: Why it is tried again, or None.
    """

    def __init__(self, accumulator: "Accumulator", tp: Any, builder: Any) -> None:
        super().__init__(tp, builder, accumulator._batch_ttl, accumulator._linger_time)  # noqa: SLF001
        self._accumulator = accumulator
        self._numbered = False
        self.answer = Answer()
        self.trouble: str | None = None

    def set_producer_state(self, *args: Any, **numbers: Any) -> None:
        """Give it its sequence numbers, before it is sent for the first time."""
        super().set_producer_state(*args, **numbers)
        self._numbered = True

    def failure(self, exception: BaseException) -> None:
        """Fail its records; whoever waits for one hears what is wrong with that one."""
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

    def _spare_the_others(self, answer: Answer, exception: BaseException) -> None:
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


class Accumulator(MessageAccumulator):  # type: ignore[misc]
    """What waits to be written.

    Attributes:
        uncertain: It is not known of some batch whether it is in the log.
    """

    uncertain = False

    def batches(self) -> Iterator[Batch]:
        """Yield every batch that is not acknowledged."""
        return chain(chain.from_iterable(self._batches.values()), self._pending_batches)

    def fail_all(self, exception: BaseException) -> None:
        """Fail everything that is not acknowledged, and take nothing more."""
        # Those that wait for another try are in line again, and are to be taken out of both.
        self._pending_batches.update([each for each in self.batches() if each.retry_count])
        super().fail_all(exception)

    def give_back(self, batch: Batch) -> None:
        """Let the next batch for the partition have this one's sequence numbers.

        There is never another one of the partition under way at the same time.
        """
        self._txn_manager.increment_sequence_number(batch.tp, -batch.record_count)

    def _append_batch(self, builder: Any, tp: Any) -> Batch:
        batch = Batch(self, tp, builder)
        self._batches[tp].append(batch)
        if not self._waiter_future.done():
            self._waiter_future.set_result(None)
        return batch
