"""What a destination answered. A closed union: match it exhaustively."""

from enum import StrEnum

import msgspec


class Delivered(msgspec.Struct, frozen=True):
    """The destination accepted it."""

    detail: str = ""


class Retry(msgspec.Struct, frozen=True):
    """It may pass next time: time-out, connection, 5xx, 408, 425, SMTP 4xx.

    Attributes:
        error: What happened, fit to be shown (no secrets).
        after: Seconds to wait at least, when the destination named them.
    """

    error: str
    after: float | None = None


class RateLimited(msgspec.Struct, frozen=True):
    """The destination asked for patience; this is not an attempt.

    Attributes:
        error: What it said.
        after: Seconds until it may be asked again, from the answer; None when it did not say.
        scope: ``destination`` for this webhook alone; ``host`` for everything on its host
            (Discord's ``global`` limit).
    """

    error: str
    after: float | None = None
    scope: str = "destination"


class Rejected(msgspec.Struct, frozen=True):
    """It will never accept this notification: other 4xx, SMTP 5xx, guard refusal."""

    error: str


class Gone(msgspec.Struct, frozen=True):
    """The destination itself no longer exists: 410, a deleted Discord webhook."""

    error: str


class Expired(msgspec.Struct, frozen=True):
    """Its time had passed before it could be sent."""

    error: str = "expired before it could be sent"


Outcome = Delivered | Retry | RateLimited | Rejected | Gone | Expired


class Reason(StrEnum):
    """Why a record went to the dead-letter topic (contract section 10)."""

    INVALID = "invalid"
    REJECTED = "rejected"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    UNROUTABLE = "unroutable"
