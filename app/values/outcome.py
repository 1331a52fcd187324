"""Outcomes of attempts. A closed union: match it exhaustively."""

from enum import StrEnum

import msgspec

from app.values.note import Note


class Delivered(msgspec.Struct, frozen=True, gc=False):
    """The destination accepted it."""


class Retry(msgspec.Struct, frozen=True, gc=False):
    """It may pass next time: time-out, connection, 5xx, 408, 425, SMTP 4xx."""

    error: str
    after: float | None = None  # seconds to wait at least, when the destination named them
    target_alone: bool = False  # it is about this target; the destination does its work for others


class Scope(StrEnum):
    """For whom a rate limit holds."""

    DESTINATION = "destination"
    SHARED = "shared"  # this destination, for all senders together: not this one's fault
    HOST = "host"  # everything on the destination's host (Discord's ``global``)


class RateLimited(msgspec.Struct, frozen=True, gc=False):
    """The destination asked for patience; this is not an attempt."""

    error: str
    # seconds until it may be asked again, from the answer; None when it did not say
    after: float | None = None
    scope: Scope = Scope.DESTINATION
    # if the service never says how long: ``after`` is the first guess, doubled with every
    # such answer in a row up to so many seconds
    longest: float | None = None


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """It will never accept this notification: other 4xx, SMTP 5xx, guard refusal."""

    error: str
    form: bool = False  # it may be about the form: as plain text the notification may be accepted


class Denied(msgspec.Struct, frozen=True, gc=False):
    """It did not let this one in (401, 403, a missing keyword): by its text, or by who we are.

    Only the next notifications tell which: if they are let in, it was the text.
    """

    error: str
    certain: bool = False  # it is about us (a wrong signature, an address that is not on its list)


class Gone(msgspec.Struct, frozen=True, gc=False):
    """The destination itself no longer exists: 410, a deleted Discord webhook."""

    error: str


class Expired(msgspec.Struct, frozen=True, gc=False):
    """Its time had passed before it could be sent."""

    error: str = "expired before it could be sent"


Trouble = Retry | RateLimited | Rejected | Denied | Gone | Expired
Outcome = Delivered | Trouble


class Allowance(msgspec.Struct, frozen=True, gc=False):
    """The requests that a destination says it still takes."""

    limit: int | None  # requests in a period; None when it did not say
    remaining: int  # requests left in this period
    reset_after: float  # seconds until the next period begins


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The result of one attempt."""

    # for each delivery of the attempt, one outcome for each of its targets
    outcomes: tuple[tuple[Outcome, ...], ...]
    # the destination's rate limit as the answer tells it, or None
    allowance: Allowance | None = None
    # for each delivery, what of it was not sent, or not as it was written; empty if that is
    # so of none
    notes: tuple[tuple[Note, ...], ...] = ()


PLAIN_YES = Answer(((Delivered(),),))
"""One target accepted it, and there is nothing else to say: most answers equal this one."""


class Reason(StrEnum):
    """Why a record went to the dead-letter topic (docs/contract.md#record-headers)."""

    INVALID = "invalid"
    REJECTED = "rejected"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    UNROUTABLE = "unroutable"
