"""What the span of a notification says, by OpenTelemetry's conventions for messaging.

It says how deliveries went, and nothing of what was said: no text, no title, no secret.
"""

from collections.abc import Iterable, Mapping

from app.values.delivery import Target
from app.values.history import Try
from app.values.record import Record
from app.values.trace import Attribute, Event

PROCESS = "process"
OUTCOME = "notifier.outcome"
_FAILURES = frozenset({"failed", "partial", "expired"})


def name_of(record: Record) -> str:
    """Return the name of a record's span."""
    return f"{PROCESS} {record.partition.topic}"


def at_first(record: Record, group_id: str) -> Mapping[str, Attribute]:
    """Return what is known before a record is read."""
    topic, partition = record.partition
    known: dict[str, Attribute] = {
        "messaging.system": "kafka",
        "messaging.operation.name": PROCESS,
        "messaging.operation.type": PROCESS,
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": str(partition),
        "messaging.consumer.group.name": group_id,
        "messaging.kafka.offset": record.offset,
    }
    if record.value is None:
        known["messaging.kafka.message.tombstone"] = True
    return known


def at_last(
    outcome: str, *, message_id: str | None, origin: str | None, reason: str | None
) -> Mapping[str, Attribute]:
    """Return what is known once a notification has its answers.

    Args:
        outcome: How it was settled.
        message_id: The producer's, without secrets.
        origin: Where it first stood, if that is elsewhere.
        reason: Why it is not delivered in full.
    """
    known: dict[str, Attribute] = {OUTCOME: outcome}
    if message_id is not None:
        known["messaging.message.id"] = message_id
    if origin is not None:
        known["notifier.origin"] = origin
    if outcome in _FAILURES:
        known["error.type"] = reason or outcome
    return known


def is_failure(outcome: str) -> bool:
    """Say whether somebody was not told and will not be."""
    return outcome in _FAILURES


def events_of(tries: Iterable[tuple[Target, Try]]) -> list[Event]:
    """Return the attempts of a notification, each as an event when it ended."""
    return [_event(target, each) for target, each in tries]


def _event(target: Target, made: Try) -> Event:
    known: dict[str, Attribute] = {
        "notifier.channel": target.channel,
        "notifier.destination": target.label,
    }
    if made.attempt:
        known["notifier.attempt"] = made.attempt
    if made.duration is not None:
        known["notifier.duration"] = made.duration
    if made.error is not None:
        known["notifier.error"] = made.error
    return f"notifier.{made.status.value}", made.at, known
