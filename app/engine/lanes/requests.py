"""Requests that are under way."""

from collections.abc import Sequence
from typing import Protocol

from app.edges.channels.base import Attempt
from app.engine.inflight.item import Job
from app.values.outcome import PLAIN_YES, Answer, Retry


class Asker(Protocol):
    """Whoever made a request."""

    def ended(self, request: "Request", answer: Answer | Exception) -> None:
        """Go on after what came of it."""
        ...

    def begin(self, request: "Request") -> None:
        """Make it."""
        ...


class Request:
    """A request that is under way.

    Args:
        asker: Who made it.
        batch: The jobs that it is about.
        number: From the gate.
        number_of_share: From the share.
        started: Monotonic seconds.

    Attributes:
        attempt: The channel's; None until it has begun.
    """

    __slots__ = ("_asker", "attempt", "batch", "number", "number_of_share", "started")

    def __init__(
        self,
        asker: Asker,
        batch: list[Job],
        number: int,
        number_of_share: int,
        started: float,
    ) -> None:
        self._asker = asker
        self.batch = batch
        self.number = number
        self.number_of_share = number_of_share
        self.started = started
        self.attempt: Attempt | None = None

    def ended(self, answer: Answer | Exception) -> None:
        """See ``turn.Asked``."""
        self._asker.ended(self, answer)

    def begin(self) -> None:
        """See ``turn.Asked``."""
        self._asker.begin(self)

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


def is_plain(answer: Answer | Exception, batch: Sequence[Job]) -> bool:
    """Say whether it is a plain yes to one job with one target: what most answers are."""
    if answer is not PLAIN_YES and answer != PLAIN_YES:
        return False
    return len(batch) == 1 and len(batch[0].delivery.targets) == 1


def failed(answer: Answer | Exception) -> bool:
    """Say whether the destination did its part for nobody."""
    if isinstance(answer, Exception):
        return True
    return all(isinstance(each, Retry) for told in answer.outcomes for each in told)
