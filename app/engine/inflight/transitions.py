"""What may become of a record, and of each of its deliveries: the only writer of their state.

Nothing here waits for anything, and nothing here knows Kafka or a destination. Each move is one
line of a table (``moves``). One that the table does not know is a fault of this service: it raises,
and whoever made it ends with it, and nothing else.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, TypeVar

from msgspec.structs import replace

from app.engine.inflight.item import LONGEST_ERROR, Failure, Item, Job, Stage, State
from app.engine.inflight.moves import (
    DEFER,
    DROP,
    FINISH,
    LEAVE,
    LET_GO,
    PARK,
    SETTLE,
    START,
    WAIT,
    WRITTEN,
    ItemMove,
    JobMove,
)
from app.policies.texts.notes import MOST_NOTES
from app.policies.texts.plain_text import clip
from app.values.delivery import Delivery, Target
from app.values.errors import NotifierError
from app.values.note import Note
from app.values.notification import Notification
from app.values.outcome import Reason

T = TypeVar("T")


class IllegalMoveError(NotifierError):
    """Something was to become of a record that cannot: the books would not be true any more."""


def _move_job(how: JobMove, job: Job) -> None:
    if job.state not in how.origins:
        raise IllegalMoveError(_cannot(job.item, f"{how.name} a delivery", job.state.name))
    job.state = how.to


# Made so, and not with ``def``, because every delivery takes these three.
wait: Final = partial(_move_job, WAIT)
"""Put a delivery in line."""
start: Final = partial(_move_job, START)
"""Begin an attempt."""
finish: Final = partial(_move_job, FINISH)
"""End a delivery: nothing more is done about any of its targets."""


def defer(job: Job, seconds: float, *, paused: bool = False) -> None:
    """End a delivery here; it goes on from a retry topic.

    Args:
        job: The delivery.
        seconds: After which it does.
        paused: That is because its destination is paused, and for nothing else.
    """
    _move_job(DEFER, job)
    job.put_aside_for, job.paused = seconds, paused


def drop(job: Job) -> None:
    """End a delivery here; its record comes in again."""
    _move_job(DROP, job)


def attempted(job: Job, *, counts: bool = True) -> None:
    """Count an attempt, if it was one: to be asked for patience is none."""
    job.attempts += counts


def narrow(job: Job, targets: tuple[Target, ...]) -> None:
    """Go on with those targets alone that have no final answer."""
    job.delivery = replace(job.delivery, targets=targets)


def detour(job: Job) -> None:
    """Go on with whoever is told instead of its one target."""
    (target,) = job.delivery.targets
    job.delivery = replace(job.delivery, targets=target.fallback[0])


def pack(job: Job, packed: bytes, place: Delivery) -> None:
    """Put away what its record says while a job waits.

    Args:
        job: The only one of its item.
        packed: Has all of it.
        place: Where it goes.
    """
    item = job.item
    item.record, item.notification, item.packed = replace(item.record, value=None), None, packed
    job.delivery = place


def unpack(job: Job, value: bytes, delivery: Delivery) -> None:
    """Have again what was put away: the record's value, and what is to be delivered."""
    item = job.item
    item.record, item.packed = replace(item.record, value=value), None
    item.notification = delivery.notification
    job.delivery = delivery


def simplify(job: Job) -> None:
    """Go on with it as plain text, by itself: its form was refused."""
    job.delivery = replace(job.delivery, plain=True)
    job.alone = True


def route(item: Item, jobs: Sequence[Job]) -> None:
    """Give an item its deliveries."""
    item.jobs = jobs


def accept(item: Item, target: Target) -> None:
    """Note that a target accepted it."""
    item.delivered = _with(item.delivered, (target,))


def accept_all(job: Job) -> None:
    """End a delivery whose one target has accepted it at this attempt: most deliveries end so."""
    item, targets = job.item, job.delivery.targets
    job.attempts += 1
    item.delivered = _with(item.delivered, targets)
    _move_job(FINISH, job)


def trouble(item: Item, now: float) -> None:
    """Note that something failed; only the first time counts (seconds since the epoch)."""
    if not item.first_failure:
        item.first_failure = now


def fail(item: Item, target: Target, reason: Reason, error: str, now: float) -> None:
    """Note that one target will never be reached."""
    failure = Failure(target, reason, clip(error, LONGEST_ERROR))
    item.failures = _with(item.failures, (failure,))
    trouble(item, now)


def fail_each(
    item: Item, targets: Iterable[tuple[Target, str]], reason: Reason, now: float
) -> None:
    """Note that some targets will never be reached, and why; there may be 100,000."""
    failures = [
        Failure(
            target, reason, error if len(error) <= LONGEST_ERROR else clip(error, LONGEST_ERROR)
        )
        for target, error in targets
    ]
    item.failures = _with(item.failures, failures)
    trouble(item, now)


def adjust(item: Item, notes: Sequence[Note]) -> None:
    """Note what a channel left out, or changed; every attempt says the same again."""
    if notes and len(item.adjusted) < MOST_NOTES:
        item.adjusted = tuple(dict.fromkeys((*item.adjusted, *notes)))[:MOST_NOTES]


def understand(item: Item, notification: Notification, *, too_large: bool = False) -> None:
    """Note what the record says, and whether it is known that no retry topic takes it."""
    item.notification = notification
    item.too_large = too_large


def refuse(item: Item, reason: Reason, error: str, now: float) -> None:
    """Note why the record as a whole cannot be used."""
    item.refusal = (reason, error)
    trouble(item, now)


def hand_on(item: Item) -> None:
    """Note that only a newer version knows how to read it."""
    item.foreign = True


def is_too_large(item: Item) -> None:
    """Note that the retry topics do not take it."""
    item.too_large = True


def put_aside(item: Item) -> None:
    """Defer at once whatever is not done."""
    for job in item.jobs:
        if job.state is not State.DONE and job.state is not State.DEFERRED:
            _move_job(DEFER, job)
        if job.state is State.DEFERRED:
            job.put_aside_for = 0.0


def give_up_rest(item: Item, error: str, now: float) -> None:
    """Give up whatever is put aside: it cannot be written, nor read again."""
    if item.foreign:
        item.foreign = False
        item.refusal = (Reason.EXHAUSTED, error)
    for job in item.jobs:
        if job.state is State.DEFERRED:
            _move_job(FINISH, job)
            for target in job.delivery.targets:
                fail(item, target, Reason.EXHAUSTED, error, now)


def follow(item: Item, leader: Item) -> None:
    """Let a repeat wait for the outcome of the one that came first."""
    leader.followers = _with(leader.followers, (item,))


def lead(item: Item, followers: Sequence[Item]) -> None:
    """Let one of the repeats take the place of the one that came first."""
    item.followers = tuple(followers)


def leave(item: Item) -> None:
    """Begin to write it elsewhere."""
    _move_item(item, LEAVE)


def let_go(item: Item) -> None:
    """Write it no more."""
    _move_item(item, LET_GO)


def written(item: Item) -> None:
    """Note that what was written is acknowledged."""
    _move_item(item, WRITTEN)


def settle(item: Item) -> None:
    """End it for good."""
    _move_item(item, SETTLE)
    item.jobs = ()  # they refer to it: only the cycle collector would free it, and that late


def park(item: Item) -> None:
    """Let go of it; its offset stays unsettled."""
    _move_item(item, PARK)
    item.jobs = ()  # as in settle


def give(item: Item, epoch: int) -> None:
    """Go on with it in a later assignment of its partition: what is done stays done."""
    if item.stage in (Stage.SETTLED, Stage.PARKED):
        raise IllegalMoveError(_cannot(item, "be given again", item.stage.name))
    item.epoch = epoch
    item.followers = ()  # they come in again themselves, after it


def _with(known: Sequence[T], more: Sequence[T]) -> Sequence[T]:
    """Return what is known with more; there may be 100,000, so that a list grows where it is."""
    if not known:
        return more
    if isinstance(known, list):
        known.extend(more)
        return known
    return [*known, *more]


def _move_item(item: Item, how: ItemMove) -> None:
    if item.stage not in how.origins:
        raise IllegalMoveError(_cannot(item, how.name, item.stage.name))
    item.stage = how.to


def _cannot(item: Item, what: str, state: str) -> str:
    return f"{item.record.coordinates} cannot {what}: it is {state}"
