"""What is written down about deliveries: what was left out of them, and who gets nothing."""

from pathlib import Path

import pytest

from app.edges.metrics import Metrics
from app.engine.attempts import AttemptLog
from app.engine.history import History
from app.engine.inflight.item import job_of
from app.engine.inflight.transitions import route
from app.engine.observer import MOST_UNROUTABLE, Observer
from app.policies.books.statistics import Statistics, Verdict
from app.policies.routing import Defaults
from app.values.note import Note
from app.values.outcome import Retry
from tests.support.engine import (
    PARTITION,
    ScriptedChannel,
    SkewedClock,
    assignment,
    delivery,
    item,
    notification,
    until,
)
from tests.support.stage import Stage, envelope
from tests.unit.engine.test_settlement import ScriptedProducer

LEFT_OUT = Note("kwargs.attachments", "left out")


async def test_what_a_channel_leaves_out_is_noted_with_each_attempt_and_counted_once(
    stage: Stage,
) -> None:
    """The delivery log says what was not sent; a retry does not make two adjusted ones of it."""
    stage.channel = ScriptedChannel([[Retry("busy")]])
    stage.channel.notes = (LEFT_OUT,)
    worker = await stage.running()
    await stage.publish(envelope())
    await until(lambda: worker.snapshot().messages_sent == 1)
    attempts = stage.observer.attempts.page().deliveries
    assert [each.notes for each in attempts] == [(LEFT_OUT,)] * 2
    assert worker.snapshot().messages_adjusted == 1


async def test_what_is_sent_as_it_was_written_has_no_notes(stage: Stage) -> None:
    """Neither in the log nor in the count."""
    worker = await stage.running()
    await stage.publish(envelope())
    await until(lambda: worker.snapshot().messages_sent == 1)
    (attempt,) = stage.observer.attempts.page().deliveries
    assert attempt.notes == ()
    assert worker.snapshot().messages_adjusted == 0


async def test_a_story_says_why_something_was_put_aside_and_where_it_waited() -> None:
    """Although its destination was not asked: it was broken already."""
    clock = SkewedClock()
    history = History(ScriptedProducer(), "history", clock)  # type: ignore[arg-type]
    observer = Observer(Statistics(), AttemptLog(), Metrics(), clock, history)
    told = notification()
    deferred, late = (item(told, assignment()[PARTITION]) for _ in range(2))
    for each in (deferred, late):
        route(each, [job_of(each, delivery(told), 1)])
    observer.put_aside(deferred.jobs[0], 30.0, "HTTP 503")
    observer.deferred(deferred)
    clock.let_pass(60)
    observer.delivered(late.jobs[0], late.jobs[0].delivery.targets[0], 0.1)
    observer.settled(late, Verdict.SENT)
    said = {each.state: each.tries[0] for each in history.unwritten("notifications/0/0")}
    assert (said["deferred"].status, said["deferred"].error) == (
        "deferred",
        "HTTP 503; tried again after 30 s",
    )
    assert said["sent"].status == "waited"


RECIPIENTS = """\
users:
  away: {active: false, contacts: [{type: webhook, address: "https://hooks.example/away"}]}
  half: {contacts: [{type: webhook, address: ""}, {type: email, address: half@example.com}]}
"""


async def test_what_is_for_inactive_users_alone_is_suppressed(stage: Stage, tmp_path: Path) -> None:
    """Consumed, not sent, not failed, no dead letter; the delivery log says why."""
    file = tmp_path / "recipients.yaml"
    file.write_text(RECIPIENTS, encoding="utf-8")
    worker = await stage.running(recipients_file=file)
    await stage.publish(
        {"message_type": "simple", "content": "typed", "user_uuid": "away"},
        envelope("envelope", metadata={"user_uuid": "away"}),
    )
    await until(lambda: worker.snapshot().messages_suppressed == 2)
    snapshot = worker.snapshot()
    assert (snapshot.messages_consumed, snapshot.messages_sent, snapshot.in_flight) == (2, 0, 0)
    assert [each.status for each in stage.observer.attempts.page().deliveries] == ["suppressed"] * 2
    assert await stage.dead_letters() == ()
    assert stage.channel.sent == []


async def test_a_contact_without_address_is_warned_of(stage: Stage, tmp_path: Path) -> None:
    """In health, for as long as the file has one."""
    file = tmp_path / "recipients.yaml"
    file.write_text(RECIPIENTS, encoding="utf-8")
    worker = await stage.running(recipients_file=file)
    await until(lambda: bool(worker.snapshot().warnings))
    (warning,) = worker.snapshot().warnings
    assert warning.endswith(
        "users.half.contacts[0].address: is empty; the contact counts as absent"
    )


async def test_of_very_many_bad_addresses_the_first_few_are_written_down(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """All of them are counted, and all of them are failures of the record."""
    worker = await stage.running(
        channels={"email": stage.channel}, defaults=Defaults(smtp="smtp://mail.test:25")
    )
    to = [f"nobody {number}" for number in range(500)]
    await stage.publish({"content": "x", "channels": ["email"], "kwargs": {"to": to}})
    await until(lambda: worker.snapshot().messages_failed == 1)
    assert len(stage.observer.attempts.page(limit=1000).deliveries) == MOST_UNROUTABLE
    assert worker.snapshot().channels["email"].messages_failed == 500
    assert "and 480 targets more" in caplog.text
