"""Requests that are under way."""

from typing import Protocol

from app.edges.channels.base import Attempt
from app.engine.inflight.item import Job
from app.engine.turn import Turn
from app.policies.limits.shares import Ticket
from app.values.outcome import Answer, Retry


class Asker(Protocol):
    """Whoever made a request."""

    def ended(self, request: "Request", answer: Answer | Exception) -> None:
        """Go on after what came of it."""
        ...


class Request:
    """A request that is under way; called with its answer.

    Args:
        asker: Who made it.
        turn: When its answer is booked.
        batch: The jobs that it is about.
        number: From the gate.
        started: Monotonic seconds.
        ticket: From the share.

    Attributes:
        attempt: The channel's; None until it has begun.
    """

    __slots__ = ("_asker", "_turn", "attempt", "batch", "number", "started", "ticket")

    def __init__(
        self,
        asker: Asker,
        turn: Turn,
        batch: list[Job],
        number: int,
        started: float,
        ticket: Ticket,
    ) -> None:
        self._asker = asker
        self._turn = turn
        self.batch = batch
        self.number = number
        self.started = started
        self.ticket = ticket
        self.attempt: Attempt | None = None

    def __call__(self, answer: Answer | Exception) -> None:
        """Take what came of it; it is booked with whatever else comes now."""
        self._turn.answered(self, answer)

    def ended(self, answer: Answer | Exception) -> None:
        """See ``turn.Asked``."""
        self._asker.ended(self, answer)

    def cancel(self) -> None:
        """Give it up."""
        if self.attempt is not None:
            self.attempt.cancel()


def fitting(answer: Answer | Exception, jobs: int) -> Answer | Exception:
    """Return an answer if it has something for each job, and else an error."""
    if isinstance(answer, Exception):
        return answer
    if len(answer.outcomes) != jobs or len(answer.notes) not in (0, jobs):
        return ValueError(f"{len(answer.outcomes)} answers for {jobs} deliveries")
    return answer


def failed(answer: Answer | Exception) -> bool:
    """Say whether the destination did its part for nobody."""
    if isinstance(answer, Exception):
        return True
    return all(isinstance(each, Retry) for told in answer.outcomes for each in told)
