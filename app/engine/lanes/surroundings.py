"""What a lane asks of, and tells to, whoever owns it."""

from typing import Protocol

from app.engine.inflight.item import Item, Job
from app.policies.books.pauses import Pausing
from app.values.delivery import Destination


class Surroundings(Protocol):
    """The dispatcher, as a lane sees it."""

    @property
    def draining(self) -> bool:
        """Whether the worker is about to stop: then nothing waits for a further attempt."""
        ...

    @property
    def nearly_full(self) -> bool:
        """Whether there is hardly room for more than what was taken."""
        ...

    def is_held(self, item: Item) -> bool:
        """Say whether an item's partition has been this worker's since it came in."""
        ...

    def pause_of(self, identity: str) -> Pausing | None:
        """Return the word that a destination is paused by, or None."""
        ...

    def job_done(self, job: Job) -> None:
        """Take back a job that is done, or put aside."""
        ...

    def host_limited(self, destination: Destination, until: float) -> None:
        """Hold everything on the destination's host until then (monotonic seconds)."""
        ...

    def request_refused(self, destination: Destination) -> None:
        """Count a request of the kind that some services ban addresses for."""
        ...
