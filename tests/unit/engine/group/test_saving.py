"""The last commits are written down: what has changed, now and then, and at a stop."""

import pytest

from app.edges.kafka.producer import Producer
from app.edges.kafka.saved_commits import read_saved
from app.engine.group import saving
from app.engine.group.saving import CommitSaver
from app.engine.group.subscription import Subscription
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Start
from app.policies.books.commit_metadata import Settled
from app.policies.books.ledger import Commit
from app.policies.books.saved_commits import Entry, SavedReader
from app.values.errors import KafkaUnavailableError
from app.values.record import Headers, TopicPartition
from tests.support.engine import PARTITION, SkewedClock, until
from tests.support.stage import Stage, envelope

SUBSCRIPTION = Subscription(
    topics=("notifications",),
    dead_letter_topic="dlq",
    retry_prefix="retry",
    control_topic="control",
    group_id="group",
    start_at_earliest=True,
    max_poll_records=1,
    partitions=1,
    replication_factor=1,
)


class RememberingProducer(Producer):
    """Remembers what it is to write."""

    def __init__(self) -> None:
        self.written: list[Entry] = []
        self.failure: Exception | None = None  # raised instead, when set

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> tuple[TopicPartition, int]:
        """Remember it."""
        assert (topic, headers) == ("control", ())
        if self.failure is not None:
            raise self.failure
        self.written.append((key or b"", value))
        return TopicPartition(topic, 0), 0

    def saved(self) -> dict[int, tuple[int, str]]:
        """Return offset and metadata by partition, and forget what was written."""
        reader = SavedReader("group")
        for entry in self.written:
            reader.take(*entry)
        self.written.clear()
        commits = reader.saved().commits
        return {at.partition: (each.offset, each.metadata) for at, each in commits.items()}


class Bench:
    """Some partitions, and what saves their commits."""

    def __init__(self, *starts: Start) -> None:
        self.producer = RememberingProducer()
        self.assignment = Assignment()
        places = {TopicPartition(PARTITION.topic, n): each for n, each in enumerate(starts)}
        self.assignment.give(places, {})
        self.saver = CommitSaver(self.producer, SUBSCRIPTION, self.assignment, SkewedClock())

    async def saved(self) -> dict[int, tuple[int, str]]:
        """Save, and return what that wrote."""
        await self.saver.save()
        return self.producer.saved()


async def test_only_what_has_changed_is_written() -> None:
    """A partition that stands still costs nothing."""
    bench = Bench(Start(5), Start(7))
    assert await bench.saved() == {0: (5, ""), 1: (7, "")}
    assert await bench.saved() == {}
    bench.assignment[PARTITION].ledger.acknowledged(Commit(6, "n1:AQA"))
    assert await bench.saved() == {0: (6, "n1:AQA")}


async def test_what_kafka_does_not_have_yet_is_not_written() -> None:
    """An offset that is to take the place of another topic's, until that is acknowledged."""
    bench = Bench(Start(0, owed=True))
    assert await bench.saved() == {}
    bench.assignment[PARTITION].ledger.acknowledged(Commit(0))
    assert await bench.saved() == {0: (0, "")}


async def test_what_was_settled_above_a_commit_is_written_with_it() -> None:
    """Also before this worker has committed anything itself."""
    ((_, metadata),) = (await Bench(Start(5, Settled(9, (5, 7)))).saved()).values()
    assert metadata.startswith("n1:")


async def test_what_was_not_written_is_written_the_next_time() -> None:
    """Kafka away is no reason to do anything else."""
    bench = Bench(Start(5))
    bench.producer.failure = KafkaUnavailableError("away")
    assert await bench.saved() == {}
    bench.producer.failure = None
    assert await bench.saved() == {0: (5, "")}


async def test_it_is_written_soon_after_a_start_and_at_a_stop(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All partitions at first; what was done since when the worker goes."""
    monkeypatch.setattr(saving, "FIRST_WAIT", 0.1)
    monkeypatch.setattr(saving, "INTERVAL", 0.1)  # where the first time was before the commit
    worker = await stage.running()
    await until(lambda: len(worker.parts.saver._saved) == len(worker.parts.assignment))
    await stage.publish(envelope("one"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    await worker.stop()
    saved = await read_saved(stage.connection, "notifications.control", "group")
    offsets = {at: each.offset for at, each in saved.commits.items()}
    assert sum(offsets.values()) == 1
    assert len(offsets) == 4 * 6  # the topic, and five retry topics
