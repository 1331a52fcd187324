"""What this worker holds of one notification, and why it is not sent yet."""

from collections.abc import Iterable
from typing import Final

from app.engine.clock import EngineClock
from app.engine.control.tracing import Held
from app.engine.history import targets_of
from app.engine.inflight.item import Item, State
from app.engine.lanes.dispatch import Dispatcher
from app.policies.texts.plain_text import clip
from app.values.history import Addressee

SHOWN: Final = 2_000


def find_held(
    items: Iterable[Item], dispatcher: Dispatcher, clock: EngineClock, name: str
) -> Held | None:
    """Return what is held of a notification: by its id, or by where its record first stood."""
    for item in items:
        notification = item.notification
        if notification is not None and notification.message_id == name:
            return _held(item, dispatcher, clock)
        if name.count("/") >= 2 and item.origin.coordinates == name:
            return _held(item, dispatcher, clock)
    return None


def _held(item: Item, dispatcher: Dispatcher, clock: EngineClock) -> Held:
    state, why, seconds = _state(item, dispatcher)
    notification = item.notification
    targets, tries = targets_of(item)
    return Held(
        id=notification.message_id if notification else None,
        origin=item.origin.coordinates,
        state=state,
        why=why,
        next_attempt_at=None if seconds is None else clock.now() + seconds,
        record=item.record.coordinates,
        title=notification.title if notification else None,
        user=notification.metadata.user_uuid if notification else None,
        published_at=item.published_at,
        content=clip(notification.content, SHOWN) if notification else None,
        targets=tuple(Addressee(target.channel, target.label) for target in targets),
        tries=tries,
        notes=notification.notes if notification else (),
    )


def _state(item: Item, dispatcher: Dispatcher) -> tuple[str, str | None, float | None]:
    """Return the state, why it waits, and the seconds until it may be tried."""
    if any(job.state is State.ACTIVE for job in item.jobs):
        return "in_flight", None, None
    waiting = [job for job in item.jobs if job.state is State.WAITING]
    if not waiting:
        return "in_flight", "it is being written to where it goes", None
    reasons = [dispatcher.waits_for(job) for job in waiting]
    held_up = [each for each in reasons if each[0] is not None]
    if not held_up:
        return "queued", None, None
    why, seconds = min(held_up, key=lambda each: each[1] or 0.0)
    return "waiting", why, seconds
