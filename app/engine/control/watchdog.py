"""The watchdog: is work that could be done being done?"""

from app.engine.group.intake import Intake
from app.engine.inflight.assignment import Assignment
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import Observer
from app.values.clock import Clock

REBUILD_AFTER = 60.0
"""Seconds of standstill after which the consumer is recreated."""


class Pulse:
    """Measures for how long nothing has moved although it could.

    ``beat`` is called every few seconds. It notes when there was nothing to do, so that silence
    counts only from the moment there was work.
    """

    def __init__(
        self,
        clock: Clock,
        observer: Observer,
        assignment: Assignment,
        dispatcher: Dispatcher,
        intake: Intake,
    ) -> None:
        self._clock = clock
        self._observer = observer
        self._assignment = assignment
        self._dispatcher = dispatcher
        self._intake = intake
        self.reset()

    def reset(self) -> None:
        """Start counting from now."""
        self._fetch_idle_at = self._deliver_idle_at = self._clock.monotonic()

    def beat(self) -> None:
        """Note what there is to do."""
        now = self._clock.monotonic()
        takable = any(each.fetchable and not each.resting for each in self._assignment)
        if not takable or not self._intake.open:
            self._fetch_idle_at = now
        if not self._dispatcher.could_work:
            self._deliver_idle_at = now

    def fetch_silent_for(self) -> float:
        """Seconds since a record was last taken while some waited and there was room."""
        return self._clock.monotonic() - max(self._fetch_idle_at, self._intake.admitted_at)

    def deliver_silent_for(self) -> float:
        """Seconds since an attempt last ended while something could be tried."""
        return self._clock.monotonic() - max(self._deliver_idle_at, self._observer.attempted_at)

    def stuck(self) -> str | None:
        """Say why the consumer should be recreated, or None.

        This is about aiokafka: what waits for a destination does not count.
        """
        silent = self.fetch_silent_for()
        if silent > REBUILD_AFTER:
            return f"records wait on Kafka, and none was taken for {silent:.0f} s"
        return None
