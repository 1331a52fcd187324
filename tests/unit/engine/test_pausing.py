"""A destination that is paused, and resumed: on a broker, through the whole worker."""

from pathlib import Path

from app.policies.books.pauses import destination_id
from app.policies.headers.deferral import read_deferral
from app.values.delivery import Destination
from app.values.outcome import Delivered, Retry
from app.values.snapshot import DestinationState
from tests.support.engine import ScriptedChannel, until
from tests.support.stage import Stage, envelope

DAY = 86_400.0
ONE, TWO = "http://hooks.example/one", "http://hooks.example/two"


def to(stage: Stage, url: str) -> Destination:
    """Return the destination that has been sent to at a URL."""
    return next(sent.destination for sent in stage.channel.sent if sent.destination.address == url)


async def test_what_is_for_a_paused_destination_waits_and_then_goes_at_once(stage: Stage) -> None:
    """In the longest delay, others meanwhile as always; nothing waits once it is resumed."""
    worker = await stage.running(max_age=DAY)
    await stage.publish(envelope("before", kwargs={"webhook_url": ONE}))
    await until(lambda: worker.snapshot().messages_sent == 1)
    one = to(stage, ONE)
    stage.board.say(one, paused=True)
    assert worker.snapshot().destinations[one.label].state is DestinationState.PAUSED
    await stage.publish(
        envelope("held", kwargs={"webhook_url": ONE}),
        envelope("other", kwargs={"webhook_url": TWO}),
    )
    await until(lambda: worker.snapshot().messages_deferred == 1)
    await until(lambda: worker.snapshot().messages_sent == 2)
    await until(lambda: worker.snapshot().deferred_waiting == 1)
    (kept,) = await stage.deferred("1h")
    told = read_deferral(kept.headers)
    assert (told.paused, told.first_failure, told.attempts) == ((destination_id(one),), None, 0)
    stage.board.say(one, paused=False)
    await until(lambda: worker.snapshot().messages_sent == 3)
    assert sorted(stage.channel.contents) == ["before", "held", "other"]
    assert worker.snapshot().messages_retried == 0


async def test_what_comes_due_while_it_is_still_paused_waits_again(stage: Stage) -> None:
    """However long that takes: the pause does not count towards the age."""
    stage.channel = ScriptedChannel([[Retry("busy")], [Retry("busy")]])
    worker = await stage.running(max_age=7200.0, attempts=1)
    await stage.publish(envelope("old", kwargs={"webhook_url": ONE}))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    one = to(stage, ONE)
    stage.board.say(one, paused=True)
    stage.clock.let_pass(40)
    for times in range(2, 6):
        await until(lambda times=times: worker.snapshot().messages_deferred == times)  # type: ignore[misc]
        stage.clock.let_pass(3700)
    await until(lambda: worker.snapshot().messages_deferred == 6)
    assert len(stage.channel.sent) == 1
    stage.board.say(one, paused=False)
    # Its second attempt fails, too: it would be too old for another one if the pause counted.
    await until(lambda: worker.snapshot().messages_deferred == 7)
    assert worker.snapshot().messages_failed == 0
    stage.clock.let_pass(3700)
    await until(lambda: worker.snapshot().messages_sent == 1)


async def test_a_worker_that_starts_sends_nothing_to_a_paused_destination(stage: Stage) -> None:
    """From its first record."""
    one = Destination("webhook", ONE, "one")
    stage.board.say(one, paused=True)
    await stage.publish(envelope("first", kwargs={"webhook_url": ONE}))
    worker = await stage.running(max_age=DAY)
    await until(lambda: worker.snapshot().messages_deferred == 1)
    assert stage.channel.sent == []
    await until(lambda: bool(worker.snapshot().warnings))
    (warning,) = worker.snapshot().warnings
    assert "one was paused by alice" in warning


async def test_the_warning_of_a_pause_names_whom_it_keeps_from_being_reached(
    stage: Stage, tmp_path: Path
) -> None:
    """As the page and the commands name it."""
    stage.board.say(Destination("webhook", ONE, "one"), paused=True)
    file = tmp_path / "recipients.yaml"
    file.write_text(
        f"users:\n  ann: {{contacts: [{{type: webhook, address: '{ONE}', name: desk}}]}}\n"
    )
    worker = await stage.running(recipients_file=file)
    await until(lambda: bool(worker.snapshot().warnings))
    (warning,) = worker.snapshot().warnings
    assert warning.startswith("desk (ann) was paused by alice on ")


async def test_nothing_is_lost_where_nothing_else_is_deferred(stage: Stage) -> None:
    """A pause is no failure: it is put aside even so."""
    one = Destination("webhook", ONE, "one")
    stage.board.say(one, paused=True)
    worker = await stage.running(max_age=0.0)
    await stage.publish(envelope("kept", kwargs={"webhook_url": ONE}))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    stage.board.say(one, paused=False)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert worker.snapshot().messages_dead_lettered == 0


async def test_what_waits_for_others_has_an_early_attempt_at_most(stage: Stage) -> None:
    """Whoever resumes a destination need not know what else is deferred."""
    stage.channel = ScriptedChannel([[Retry("busy")], [Delivered()]])
    worker = await stage.running(max_age=DAY, attempts=1)
    await stage.publish(envelope("waits", kwargs={"webhook_url": TWO}))
    await until(lambda: worker.snapshot().deferred_waiting == 1)
    stage.clock.let_pass(1)
    stage.board.say(Destination("webhook", ONE, "one"), paused=False)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert stage.channel.contents == ["waits", "waits"]


async def test_what_no_retry_topic_takes_is_looked_at_again_too(stage: Stage) -> None:
    """It was left unsettled, alone; it need not wait for an hour either."""
    stage.producer.narrow, stage.producer.largest = ("notifications.retry",), 10
    one = Destination("webhook", ONE, "one")
    stage.board.say(one, paused=True)
    worker = await stage.running(max_age=DAY)
    await stage.publish(envelope("large", kwargs={"webhook_url": ONE}))
    await until(lambda: worker.snapshot().parked == 1)
    stage.clock.let_pass(1)
    stage.board.say(one, paused=False)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert worker.snapshot().parked == 0
