"""What is left of a job after an attempt, and what can be the next step."""

from collections.abc import Sequence
from typing import NamedTuple

from app.values.delivery import Target
from app.values.outcome import Denied, Expired, Gone, RateLimited, Rejected, Retry

Passing = Retry | RateLimited | Denied | Rejected | Gone | Expired
"""The outcomes of a target that may still accept a job, or somebody instead of it."""


class Left(NamedTuple):
    """The targets of a job that may still accept it.

    Attributes:
        error: What was said about the last of them.
        after: Seconds to wait at least, or None.
        failed: Not all of them were merely asked for patience.
        denied: They were not let in, each of them.
        plain: Its form was refused; as plain text it was not tried yet.
        refused: Its destination will never take it; somebody else is told instead.
    """

    targets: tuple[Target, ...]
    error: str
    after: float | None
    failed: bool
    denied: bool = False
    plain: bool = False
    refused: bool = False


class Wait(NamedTuple):
    """A job is tried again after so many seconds."""

    seconds: float


class PutAside(NamedTuple):
    """A job is put aside for so many seconds."""

    seconds: float


class Refuse(NamedTuple):
    """A job is given up: its destination lets others in, and not this one."""


class HandOver(NamedTuple):
    """Whoever has a job's destination for a fallback is told instead."""


class Discard(NamedTuple):
    """A job is dropped: its record comes again, here or elsewhere."""


Step = Wait | PutAside | Refuse | HandOver | Discard


def left_of(told: Sequence[tuple[Target, Passing]], *, plain: bool) -> Left:
    """Return what is left of a job.

    Args:
        told: Its targets that may still accept it, or somebody instead of them, at least one.
        plain: It was sent as plain text.
    """
    outcomes = [outcome for _, outcome in told]
    waits = [each.after for each in outcomes if isinstance(each, Retry) and each.after]
    refusals = [each for each in outcomes if isinstance(each, Rejected | Gone | Expired)]
    forms = [each for each in refusals if isinstance(each, Rejected) and each.form and not plain]
    return Left(
        targets=tuple(target for target, _ in told),
        error=outcomes[-1].error,
        after=max(waits, default=None),
        failed=any(not isinstance(each, RateLimited) for each in outcomes),
        denied=all(isinstance(each, Denied) for each in outcomes),
        plain=bool(forms),
        refused=len(refusals) > len(forms),
    )
