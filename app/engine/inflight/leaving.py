"""How an item leaves: as what it is written, and what is said of it there."""

import msgspec

from app.engine.inflight.item import LONGEST_ERROR, Item, Job, State
from app.policies.books.pauses import destination_id
from app.policies.headers.dead_letters import DeadLetterNote
from app.policies.headers.deferral import Deferral
from app.policies.headers.records import mark_of
from app.policies.texts.plain_text import clip
from app.values.outcome import Reason

GRAVITY = (Reason.INVALID, Reason.EXHAUSTED, Reason.REJECTED, Reason.UNROUTABLE, Reason.EXPIRED)
"""Which reason stands on a dead letter whose targets failed for several."""


class HandOn(msgspec.Struct, frozen=True):
    """It goes on as it stands: a newer version deferred it, and knows what is still to be done."""


class Defer(msgspec.Struct, frozen=True):
    """It is to come back later.

    Attributes:
        deferral: What its record in the retry topic is to say.
        seconds: How long it is to wait.
    """

    deferral: Deferral
    seconds: float


class DeadLetter(msgspec.Struct, frozen=True):
    """Nobody tries it again of himself.

    Attributes:
        note: What its record in the dead-letter topic is to say.
    """

    note: DeadLetterNote


Exit = HandOn | Defer | DeadLetter


def exit_of(item: Item, group_id: str) -> Exit:
    """Return how an item leaves about which nothing more is done here."""
    if item.foreign:
        return HandOn()
    if item.deferred:
        return deferral_of(item)
    return DeadLetter(note_of(item, group_id))


def deferral_of(item: Item) -> Defer:
    """Return what is to be said of an item that is put aside, and for how long."""
    put_aside = [job for job in item.jobs if job.state is State.DEFERRED]
    before = item.before or Deferral()
    deferral = Deferral(
        left=tuple(mark_of(target) for job in put_aside for target in job.delivery.targets),
        delivered=before.delivered + tuple(map(mark_of, item.delivered)),
        failed=before.failed + tuple(failure.mark() for failure in item.failures),
        attempts=item.attempts,
        first_failure=item.first_failure,
        replays=before.replays,
        paused=_paused(put_aside),
    )
    return Defer(deferral, min(job.put_aside_for for job in put_aside))


def why_dead(item: Item) -> str:
    """Return in short why an item becomes a dead letter: of several errors, one."""
    if item.refusal is not None:
        reason, error = item.refusal
        return f"{reason.value}: {clip(error, LONGEST_ERROR)}"
    failed = [failure.mark() for failure in item.failures[-1:]]
    told = failed or (item.before or Deferral()).failed[-1:]
    return "".join(f"{each.reason.value}: {each.error}" for each in told)


def note_of(item: Item, group_id: str) -> DeadLetterNote:
    """Return what an item's dead letter is to say: the gravest reason, and every error."""
    before = item.before or Deferral()
    failed = before.failed + tuple(failure.mark() for failure in item.failures)
    marks = tuple(each.mark for each in failed)
    if item.refusal is not None:
        reason, error = item.refusal
        # Nothing more will be sent to what was left; where that is not known, to any target.
        marks = () if before.left is None else marks + before.left
    else:
        reason = min((each.reason for each in failed), key=GRAVITY.index)
        error = "; ".join(dict.fromkeys(f"{each.label}: {each.error}" for each in failed))
    return DeadLetterNote(
        reason=reason,
        error=error,
        origin=item.origin,
        failed=marks,
        delivered=before.delivered + tuple(map(mark_of, item.delivered)),
        attempts=item.attempts,
        first_failure=item.first_failure,
        group=group_id,
        replays=before.replays,
    )


def _paused(put_aside: list[Job]) -> tuple[str, ...]:
    """Return the ids of the destinations that an item waits for, if each of them is paused."""
    if not all(job.paused for job in put_aside):
        return ()
    return tuple(dict.fromkeys(destination_id(job.delivery.destination) for job in put_aside))
