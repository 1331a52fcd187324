"""The history is collected, written in batches, and touches no delivery."""

import asyncio

import pytest
from msgspec.structs import replace

from app.edges.kafka.producer_batches import Place
from app.engine.history import MOST_TARGETS, MOST_TRIES, MOST_WAITING, History
from app.engine.inflight.item import Item, job_of
from app.policies.books.history import read, said
from app.policies.redaction import Secrets
from app.values.delivery import Target
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.history import Entry
from app.values.record import Headers
from app.values.snapshot import AttemptStatus
from tests.support.engine import PARTITION, SkewedClock, assignment, delivery, item, notification
from tests.unit.engine.test_settlement import ScriptedProducer

TARGET = Target("webhook", "https://hooks.example/secret", "https://hooks.example/***")


class KeepingProducer(ScriptedProducer):
    """Keeps the headers of what is written, as they are."""

    def __init__(self, failures: list[Exception] | None = None) -> None:
        super().__init__(failures or ())
        self.headers: list[Headers] = []

    async def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> Place:
        """Write, and keep the headers."""
        place = await super().write(topic, key, value, headers)
        self.headers.append(headers)
        return place

    def entries(self) -> list[Entry]:
        """Return what was written, in its order."""
        batches = [
            read(value, headers)
            for (_, _, value, _), headers in zip(self.written, self.headers, strict=True)
        ]
        return [entry for batch in batches if batch for entry in batch.entries]


def kept_by(producer: ScriptedProducer) -> History:
    """Return a history that goes to a topic."""
    return History(producer, "history", SkewedClock(), Secrets(["hush"]))  # type: ignore[arg-type]


def an_item(content: str = "text") -> Item:
    """Return an item with an id."""
    return item(notification(content, message_id="m-1"), assignment()[PARTITION])


async def test_many_go_into_one_record() -> None:
    """Not one each: a million of them are a few thousand records."""
    producer = KeepingProducer()
    history = kept_by(producer)
    for _ in range(500):
        history.add(an_item(), "sent")
    await history.write()
    assert len(producer.written) == 1
    assert len(producer.entries()) == 500
    await history.write()
    assert len(producer.written) == 1


async def test_every_attempt_stands_there_with_its_answer() -> None:
    """And targets at which nothing was tried, too; secrets do not."""
    producer = KeepingProducer()
    history = kept_by(producer)
    held = an_item()
    other = Target("email", "a@example.com", "a@example.com")
    history.tried(held, TARGET, AttemptStatus.RETRY, 1, 0.5, "hush: 503")
    history.tried(held, other, AttemptStatus.DELIVERED, 1, 0.1, None)
    history.tried(held, TARGET, AttemptStatus.DELIVERED, 2, 0.2, None)
    held.jobs = []
    history.add(held, "sent")
    await history.write()
    (entry,) = producer.entries()
    assert [each.destination for each in entry.targets] == [TARGET.label, other.label]
    assert [(each.target, each.status, each.attempt) for each in entry.tries] == [
        (0, "retry", 1),
        (1, "delivered", 1),
        (0, "delivered", 2),
    ]
    assert entry.tries[0].error == "***: 503"
    assert (entry.id, entry.origin, entry.state) == ("m-1", "notifications/0/0", "sent")


async def test_what_was_late_says_where_it_waited() -> None:
    """On Kafka, before it was taken, or here; before its first attempt, which was no failure."""
    producer = KeepingProducer()
    history = kept_by(producer)
    held = an_item()
    history.tried(held, TARGET, AttemptStatus.DELIVERED, 1, 2.0, None)
    history.was_late(held, held=12.0)
    history.add(held, "sent")
    await history.write()
    (entry,) = producer.entries()
    waited, delivered = entry.tries
    assert (waited.status, delivered.status) == ("waited", "delivered")
    assert waited.duration == pytest.approx(10.0, abs=0.1)
    entry = replace(entry, published_at=waited.at - 28.0)
    assert said(waited, entry) == "18.0 s on Kafka, 10.0 s here for its turn"
    assert said(delivered, entry) is None
    assert waited.at == pytest.approx(delivered.at - 2.0)


async def test_what_failed_first_or_was_deferred_needs_no_other_reason() -> None:
    """Its own attempts and entries say why it is late."""
    history = kept_by(KeepingProducer())
    failed, none = an_item(), an_item()
    history.tried(failed, TARGET, AttemptStatus.RETRY, 1, 2.0, "503")
    for each in (failed, none):
        history.was_late(each, held=12.0)
    assert [each.status for _, each in failed.tries or ()] == ["retry"]
    assert none.tries is None


async def test_what_is_kept_of_one_is_bounded() -> None:
    """However often it is tried, and whomever it is for."""
    producer = KeepingProducer()
    history = kept_by(producer)
    held = an_item("x" * 10_000)
    for number in range(1000):
        target = Target("email", f"{number}", f"{number}")
        history.tried(held, target, AttemptStatus.RETRY, number, 0.1, "e" * 10_000)
    history.add(held, "failed")
    await history.write()
    (entry,) = producer.entries()
    assert len(entry.tries) == MOST_TRIES
    assert (entry.tries[0].attempt, entry.tries[-1].attempt) == (0, 999)
    assert len(entry.targets) <= MOST_TARGETS
    assert len(producer.written[0][2] or b"") < 50_000


async def test_what_is_refused_is_counted_and_said() -> None:
    """Nothing is raised, and it is over with the next record."""
    producer = KeepingProducer([KafkaRefusedError("denied")])
    history = kept_by(producer)
    history.add(an_item(), "sent")
    await history.write()
    assert history.lost == 1
    assert "denied" in (history.trouble or "")
    assert "1 notifications are missing" in (history.trouble or "")
    history.add(an_item(), "sent")
    await history.write()
    assert (history.lost, history.trouble) == (1, None)
    assert len(producer.entries()) == 1


async def test_what_kafka_did_not_acknowledge_is_written_with_the_next() -> None:
    """Brokers that were away for a minute leave no gap, as long as there is room."""
    producer = KeepingProducer([KafkaUnavailableError("away")])
    history = kept_by(producer)
    history.add(an_item(), "sent")
    await history.write()
    assert history.lost == 0
    assert "away" in (history.trouble or "")
    history.add(an_item(), "deferred")
    await history.write()
    assert (history.lost, history.trouble) == (0, None)
    assert [entry.state for entry in producer.entries()] == ["sent", "deferred"]


async def test_what_waits_to_be_written_again_is_bounded() -> None:
    """The oldest are kept, as far as there is room."""
    producer = KeepingProducer([KafkaUnavailableError("away")])
    history = kept_by(producer)
    held = an_item()
    history.add(held, "sent")
    history.add(held, "sent")
    (written,) = history.begin()
    for _ in range(MOST_WAITING - 1):
        history.add(held, "sent")
    await written
    assert (len(history._waiting), history.lost) == (MOST_WAITING, 1)


async def test_a_commit_waits_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that does not answer holds up no commit for longer."""
    monkeypatch.setattr("app.engine.history.PATIENCE", 0.01)
    producer = KeepingProducer()
    producer.gate.clear()
    history = kept_by(producer)
    history.add(an_item(), "sent")
    async with asyncio.timeout(5):
        await history.write()
    producer.gate.set()
    assert history.lost == 0


async def test_what_waits_is_bounded() -> None:
    """If nothing commits, entries are dropped and counted."""
    history = kept_by(KeepingProducer())
    held = an_item()
    for _ in range(MOST_WAITING + 3):
        history.add(held, "sent")
    assert history.lost == 3
    assert "more is settled" in (history.trouble or "")


async def test_without_a_topic_nothing_is_kept() -> None:
    """Retention 0: no memory, no record."""
    producer = KeepingProducer()
    history = History(producer, None, SkewedClock())  # type: ignore[arg-type]
    held = an_item()
    history.tried(held, TARGET, AttemptStatus.DELIVERED, 1, 0.1, None)
    history.add(held, "sent")
    await history.write()
    assert (held.tries, producer.written) == (None, [])
    assert not history.is_kept


async def test_targets_that_were_not_tried_stand_there() -> None:
    """What was put aside says whom it is still for."""
    producer = KeepingProducer()
    history = kept_by(producer)
    held = an_item()
    told = held.notification
    assert told is not None
    held.jobs = [job_of(held, delivery(told), 0)]
    history.add(held, "deferred")
    await history.write()
    (entry,) = producer.entries()
    assert len(entry.targets) == 1
    assert entry.tries == ()


async def test_an_entry_that_cannot_be_encoded_keeps_no_other_back() -> None:
    """Half a surrogate pair in an answer: that entry is counted as lost, the rest is written."""
    producer = KeepingProducer()
    history = kept_by(producer)
    odd = an_item()
    history.tried(odd, TARGET, AttemptStatus.REJECTED, 1, 0.1, "half: \ud83d")
    history.add(odd, "failed")
    await history.write()
    assert (history.lost, producer.written) == (1, [])
    history.add(odd, "failed")
    history.add(an_item(), "sent")
    await history.write()
    assert [entry.state for entry in producer.entries()] == ["sent"]
    assert history.lost == 2


async def test_a_long_id_is_found_as_it_is() -> None:
    """Two that begin alike are not taken for each other."""
    producer = KeepingProducer()
    history = kept_by(producer)
    for end in ("a", "b"):
        told = notification(message_id="x" * 900 + end)
        history.add(item(told, assignment()[PARTITION]), "sent")
    assert len(history.unwritten("x" * 900 + "a")) == 1
    await history.write()
    assert [entry.id for entry in producer.entries()] == ["x" * 900 + "a", "x" * 900 + "b"]
