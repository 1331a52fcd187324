"""Settlement: first the dead letter is acknowledged, then the offset is done."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from app.engine.inflight.item import Item, job_of
from app.engine.inflight.partition import Start
from app.engine.inflight.transitions import accept, fail, give, hand_on, put_aside
from app.engine.reading import HEAVY
from app.engine.settlement import MANY_TARGETS, Exits, Settler
from app.engine.tasks import Tasks
from app.engine.turn import Turn
from app.policies.books.ledger import Commit
from app.policies.books.statistics import Verdict
from app.values.delivery import Target
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError
from app.values.outcome import Reason
from app.values.record import Headers, TopicPartition
from tests.support.engine import (
    PARTITION,
    BeginsByWriting,
    SkewedClock,
    WatchedFlow,
    assignment,
    delivery,
    item,
    notification,
    observer,
    until,
)

TARGET = Target("webhook", "https://hooks.example/secret", "hook")


class ScriptedProducer(BeginsByWriting):
    """Fails as scripted, then acknowledges; remembers what was written."""

    def __init__(self, failures: Sequence[Exception] = ()) -> None:
        self._failures = list(failures)
        self.written: list[tuple[str, bytes | None, bytes | None, dict[str, bytes | None]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0
        self.trouble: str | None = None

    def trouble_with(self, topic: str) -> str | None:
        """Say what the test has put there."""
        del topic
        return self.trouble

    def heal(self) -> None:
        """Fail no more."""
        self._failures.clear()

    async def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> tuple[TopicPartition, int]:
        """Acknowledge, or fail."""
        self.asked += 1
        await self.gate.wait()
        if self._failures:
            raise self._failures.pop(0)
        self.written.append((topic, key, value, dict(headers)))
        return TopicPartition(topic, 0), len(self.written) - 1


class Bench:
    """A settler and its surroundings."""

    def __init__(self, producer: ScriptedProducer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.engine.settlement.FIRST_WAIT", 0.01)
        self.producer = producer
        self.assignment = assignment()
        self.assigned = self.assignment[PARTITION]
        self.clock = SkewedClock()
        self.observer = observer(self.clock)
        self.failures: list[BaseException] = []
        self.settled: list[tuple[Item, Verdict | None]] = []
        self.tasks = Tasks(self.failures.append)
        turn = Turn(self.observer)
        self.settler = Settler(
            producer,  # type: ignore[arg-type]  # a stand-in with the one method that is used
            Exits("dead", {0.0: "retry.0s", 30.0: "retry.30s", 120.0: "retry.2m"}, "group"),
            self.clock,
            self.observer,
            self.assignment,
            spawn=self.tasks.spawn,
            turn=turn,
        )
        self.flow = WatchedFlow(
            self.assignment,
            self.settler,
            self.observer,
            self.clock,
            lambda done, verdict: self.settled.append((done, verdict)),
        )
        turn.settle = self.flow.ended

    def take(self) -> None:
        """Let the partition go."""
        self.assignment.take()

    def give(self, held: Item) -> None:
        """Let the partition come back, and what was held of it come in again."""
        self.assignment.give({PARTITION: Start(0)}, {})
        self.assigned = self.assignment[PARTITION]
        give(held, self.assigned.epoch)
        self.assigned.enter(held)

    def failed_item(self) -> Item:
        """Return an item whose one target was refused."""
        failed = item(notification(), self.assigned)
        fail(failed, TARGET, Reason.REJECTED, "no", 1.0)
        return failed


async def test_what_was_sent_is_settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written to the dead letters, and the offset is done."""
    producer = ScriptedProducer()
    bench = Bench(producer, monkeypatch)
    sent = item(notification(), bench.assigned)
    accept(sent, TARGET)
    bench.flow.ended(sent)
    assert bench.settled == [(sent, Verdict.SENT)]
    assert bench.assigned.ledger.to_commit(1) == Commit(1)
    assert producer.asked == 0


async def test_the_offset_waits_for_the_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the broker has the dead letter, nothing is counted and nothing can be committed."""
    producer = ScriptedProducer()
    producer.gate.clear()
    bench = Bench(producer, monkeypatch)
    failed = bench.failed_item()
    bench.flow.ended(failed)
    bench.flow.ended(failed)  # a second call while it is being written changes nothing
    await until(lambda: producer.asked == 1)
    assert (failed.leaving, bench.observer.statistics.consumed) == (True, 0)
    assert bench.assigned.ledger.to_commit(1) is None
    producer.gate.set()
    await until(lambda: bench.settled == [(failed, Verdict.FAILED)])
    assert bench.assigned.ledger.to_commit(1) == Commit(1)
    (written,) = producer.written
    assert written[0] == "dead"
    assert written[3]["notifier.reason"] == b"rejected"
    assert b"secret" not in b"".join(filter(None, written[3].values()))


@pytest.mark.parametrize("error", [KafkaUnavailableError("away"), KafkaRefusedError("denied")])
async def test_tries_until_it_is_written(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an absent broker nor a denial loses a dead letter; health can say why it waits."""
    producer = ScriptedProducer([error, error])
    bench = Bench(producer, monkeypatch)
    bench.flow.ended(bench.failed_item())
    await until(lambda: str(error) in (bench.settler.blocked or ""))
    await until(lambda: len(bench.settled) == 1)
    assert bench.settler.blocked is None
    assert bench.observer.statistics.dead_lettered == 1


async def test_what_is_too_large_is_written_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Size, hash and origin stand for the value."""
    producer = ScriptedProducer([RecordTooLargeError("too large")])
    bench = Bench(producer, monkeypatch)
    bench.flow.ended(bench.failed_item())
    await until(lambda: len(bench.settled) == 1)
    _, _, value, headers = producer.written[0]
    assert value is None
    assert int(headers["notifier.value.size"] or 0) > 0
    assert headers["notifier.origin.topic"] == b"notifications"


async def test_headers_that_are_too_large_are_left_out_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A record that is all headers still gets a dead letter that says where it stands."""
    producer = ScriptedProducer([RecordTooLargeError("too large")] * 2)
    bench = Bench(producer, monkeypatch)
    failed = bench.failed_item()
    failed.record = replace(failed.record, headers=(("large", b"x" * 100),))
    bench.flow.ended(failed)
    await until(lambda: len(bench.settled) == 1)
    _, key, value, headers = producer.written[0]
    assert (key, value, headers.get("large")) == (None, None, None)
    assert headers["notifier.origin.offset"] == b"0"
    assert headers["notifier.targets.failed"] == b"[]"


async def test_a_topic_that_takes_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is settled without a dead letter; it is tried again, and health says why it waits."""
    producer = ScriptedProducer([RecordTooLargeError("too large")] * 4)
    bench = Bench(producer, monkeypatch)
    bench.flow.ended(bench.failed_item())
    await until(lambda: "takes not even a dead letter" in (bench.settler.blocked or ""))
    assert bench.settled == []
    assert bench.assigned.ledger.to_commit(1) is None
    await until(lambda: len(bench.settled) == 1)


@pytest.mark.parametrize(
    ("content", "targets", "beside"),
    [("text", 1, False), ("text", MANY_TARGETS + 1, True), ("x" * HEAVY, 1, True)],
)
async def test_what_takes_long_to_make_is_made_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch, content: str, targets: int, beside: bool
) -> None:
    """Many targets, and addresses as long as a record may be: each is hashed."""
    bench = Bench(ScriptedProducer(), monkeypatch)
    held = item(notification(content), bench.assigned)
    for _ in range(targets):
        fail(held, TARGET, Reason.REJECTED, "HTTP 400", 0.0)
    threads: list[int] = []

    def noted(*_: object) -> Headers:
        threads.append(threading.get_ident())
        return ()

    monkeypatch.setattr("app.engine.settlement.dead_letter_headers", noted)
    bench.flow.ended(held)
    await until(lambda: len(bench.settled) == 1)
    assert (threads != [threading.get_ident()]) is beside


@pytest.mark.parametrize("newer", [True, False])
async def test_what_is_in_no_log_any_more_cannot_wait_there(
    monkeypatch: pytest.MonkeyPatch, newer: bool
) -> None:
    """Its log lost its end, and the retry topics do not take it: it is a dead letter."""
    bench = Bench(ScriptedProducer([RecordTooLargeError("too large")]), monkeypatch)
    stray = item(notification(), bench.assigned)
    bench.assigned.cut(0)
    if newer:
        hand_on(stray)
        bench.flow.ended(stray)
    else:
        job = job_of(stray, delivery(notification()), 0)
        stray.jobs = [job]
        put_aside(stray)
        bench.flow.ended(stray)
    await until(lambda: bench.settled == [(stray, Verdict.FAILED)])
    ((topic, _, _, headers),) = bench.producer.written
    assert (topic, headers["notifier.reason"]) == ("dead", b"exhausted")


async def test_an_item_that_was_taken_away_is_left_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Results that come after a revoke change no books."""
    bench = Bench(ScriptedProducer(), monkeypatch)
    failed = bench.failed_item()
    bench.take()
    bench.flow.ended(failed)
    assert (bench.settled, len(bench.tasks)) == ([], 0)


async def test_a_dead_letter_that_was_written_is_not_written_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Taken away while it was written, and back: its dead letter stands, it is settled."""
    producer = ScriptedProducer()
    producer.gate.clear()
    bench = Bench(producer, monkeypatch)
    failed = bench.failed_item()
    bench.flow.ended(failed)
    await until(lambda: producer.asked == 1)
    bench.take()
    producer.gate.set()
    await until(lambda: failed.written)
    assert bench.settled == []
    bench.give(failed)
    bench.flow.ended(failed)
    assert bench.settled == [(failed, Verdict.FAILED)]
    assert len(producer.written) == 1


async def test_what_was_taken_away_is_not_written_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has the partition now writes it; here nobody is bothered with it any longer."""
    producer = ScriptedProducer([KafkaUnavailableError("no leader")] * 1000)
    bench = Bench(producer, monkeypatch)
    failed = bench.failed_item()
    bench.flow.ended(failed)
    await until(lambda: bench.settler.blocked == "no leader")
    bench.take()
    await until(lambda: bench.settler.leaving == 0)
    assert bench.settler.blocked is None
    assert (failed.leaving, failed.written, producer.written) == (False, False, [])
    bench.give(failed)
    producer.heal()
    bench.flow.ended(failed)
    await until(lambda: bench.settled == [(failed, Verdict.FAILED)])
    assert len(producer.written) == 1


async def test_what_another_worker_writes_now_is_no_problem_of_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was taken away while Kafka did not answer; nobody waits for its acknowledgement here."""
    producer = ScriptedProducer()
    producer.gate.clear()
    bench = Bench(producer, monkeypatch)
    bench.flow.ended(bench.failed_item())
    await until(lambda: producer.asked == 1)
    bench.clock.let_pass(11)
    assert "no record was acknowledged" in (bench.settler.blocked or "")
    bench.take()
    assert bench.settler.blocked is None
    producer.gate.set()
    await until(lambda: not bench.tasks)


@pytest.mark.parametrize("back_before", [True, False])
async def test_a_newer_versions_record_is_settled_once_it_was_handed_on(
    monkeypatch: pytest.MonkeyPatch, back_before: bool
) -> None:
    """Also where its partition goes and comes back meanwhile; it counts as nothing here."""
    producer = ScriptedProducer()
    producer.gate.clear()
    bench = Bench(producer, monkeypatch)
    newer = item(notification(), bench.assigned)
    hand_on(newer)
    bench.flow.ended(newer)
    await until(lambda: producer.asked == 1)
    bench.take()
    if not back_before:
        producer.gate.set()
        await until(lambda: newer.written)
    bench.give(newer)
    bench.flow.ended(newer)
    producer.gate.set()
    await until(lambda: len(bench.settled) == 1 and not bench.tasks)
    assert bench.settled == [(newer, None)]
    assert bench.observer.statistics.consumed == 0
    assert [topic for topic, *_ in producer.written] == ["retry.30s"]
    assert bench.failures == []


async def test_kafkas_own_reason_why_it_takes_long_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Too few replicas, a quota: without it nobody knows where to look."""
    monkeypatch.setattr("app.engine.settlement.PATIENCE", 0.0)
    producer = ScriptedProducer()
    producer.gate.clear()
    bench = Bench(producer, monkeypatch)
    bench.flow.ended(bench.failed_item())
    await until(lambda: bench.settler.blocked is not None)
    assert "dead: no record was acknowledged" in (bench.settler.blocked or "")
    producer.trouble = "NotEnoughReplicasError"
    assert (bench.settler.blocked or "").endswith("(NotEnoughReplicasError)")
    producer.gate.set()
    await until(lambda: bench.settler.blocked is None)
