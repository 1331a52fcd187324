"""What is written down about deliveries: what was left out of them, and who gets nothing."""

from typing import TYPE_CHECKING

from app.values.note import Note
from app.values.outcome import Retry
from tests.support.engine import ScriptedChannel, until

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Envelope, Stage

LEFT_OUT = Note("kwargs.attachments", "left out")


async def test_what_a_channel_leaves_out_is_noted_with_each_attempt_and_counted_once(
    stage: "Stage", envelope: "Envelope"
) -> None:
    """The delivery log says what was not sent; a retry does not make two adjusted ones of it."""
    stage.channel = ScriptedChannel([[Retry("busy")]])
    stage.channel.notes = (LEFT_OUT,)
    worker = stage.worker()
    await worker.start()
    await stage.publish(envelope())
    await until(lambda: worker.snapshot().messages_sent == 1)
    attempts = stage.journal.attempts.page().deliveries
    assert [each.notes for each in attempts] == [(LEFT_OUT,)] * 2
    assert worker.snapshot().messages_adjusted == 1


async def test_what_is_sent_as_it_was_written_has_no_notes(
    stage: "Stage", envelope: "Envelope"
) -> None:
    """Neither in the log nor in the count."""
    worker = stage.worker()
    await worker.start()
    await stage.publish(envelope())
    await until(lambda: worker.snapshot().messages_sent == 1)
    (attempt,) = stage.journal.attempts.page().deliveries
    assert attempt.notes == ()
    assert worker.snapshot().messages_adjusted == 0
