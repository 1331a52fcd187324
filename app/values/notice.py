"""What the service tells its operator by itself, when it cannot do its work."""

from enum import StrEnum

import msgspec


class MatterKind(StrEnum):
    """What a matter is about."""

    DESTINATION = "destination"
    DEAD_LETTERS = "dead_letters"
    NO_PROGRESS = "no_progress"
    KAFKA_AWAY = "kafka_away"


Key = tuple[MatterKind, str]
"""What tells a matter from others: its kind and its subject."""


class Matter(msgspec.Struct, frozen=True):
    """Something that keeps notifications from being delivered, from its beginning to its end."""

    kind: MatterKind  # what it is about
    subject: str  # a destination's redacted address, the dead-letter topic, or a worker's name
    since: float  # seconds since the epoch when it began
    said: str = ""  # what the destination or Kafka last answered; no secrets
    state: str = ""  # a destination's state; empty for anything else
    affected: int = 0  # notifications that it has met since it began

    @property
    def key(self) -> Key:
        """What tells it from others."""
        return self.kind, self.subject


class Told(msgspec.Struct, frozen=True):
    """What an address was told of a matter last.

    Attributes:
        matter: As it was then.
        at: Seconds since the epoch when it was last told to be wrong.
        over: It was told since that it is over.
    """

    matter: Matter
    at: float
    over: bool = False


class Report(msgspec.Struct, frozen=True):
    """What one worker of the group sees."""

    worker: str  # its name
    at: float  # seconds since the epoch when it looked
    matters: tuple[Matter, ...] = ()  # everything that is wrong
    fine: tuple[str, ...] = ()  # destinations that were wrong and have accepted something since
