"""Where attempts and verdicts are written down: counts, the delivery log, metrics, the log."""

import logging
import time
from collections import Counter
from collections.abc import Sequence

from app.edges.metrics import Metrics
from app.engine.attempts import AttemptLog
from app.engine.inflight.item import Item, Job
from app.policies.books.statistics import Statistics, TargetCounts, Verdict
from app.policies.limits.broker_clock import BrokerClock
from app.policies.texts.plain_text import clip
from app.values.delivery import Delivery, Destination, Target
from app.values.note import Note
from app.values.notification import Notification
from app.values.outcome import (
    Delivered,
    Denied,
    Expired,
    Gone,
    Outcome,
    RateLimited,
    Reason,
    Rejected,
    Retry,
)

log = logging.getLogger("app.deliveries")

MOST_UNROUTABLE = 20
"""Targets of one record that are written down one by one."""

LONGEST_SHOWN = 2000
"""Bytes of a record that could not be read; the delivery log shows fewer characters."""
LONGEST_ERROR = 1000
STATUS: dict[type, str] = {
    Delivered: "delivered",
    Retry: "retry",
    RateLimited: "rate_limited",
    Rejected: "rejected",
    Denied: "denied",
    Gone: "gone",
    Expired: "expired",
}


class Journal:
    """Books what happens, and tells the time that it is booked under.

    ``now`` is seconds since the epoch by this machine's clock, for whoever looks at it;
    ``broker_now`` the same by the brokers', for due times, ages and lifetimes; ``monotonic``
    seconds that never jump.

    Args:
        statistics: The counts (docs/contract.md#counts).
        attempts: The delivery log.
        metrics: Histograms for Prometheus.

    Attributes:
        attempted_at: Monotonic seconds when an attempt last ended.
        last_fault: The last error of the service's own, and its monotonic seconds; None so far.
    """

    def __init__(self, statistics: Statistics, attempts: AttemptLog, metrics: Metrics) -> None:
        self.statistics = statistics
        self.attempts = attempts
        self.metrics = metrics
        self.broker_clock = BrokerClock()
        self.attempted_at = self.monotonic()
        self.last_fault: tuple[str, float] | None = None

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    def broker_now(self) -> float:
        """Return seconds since the epoch by the brokers' clock, as far as that is known."""
        return self.broker_clock.now(self.now(), self.monotonic())

    def broker_said(self, append_time: float) -> None:
        """Set the brokers' clock by what one of them said just now."""
        self.broker_clock.said(append_time, self.monotonic())

    def retried(self, delivery: Delivery) -> None:
        """Count a further attempt after a failed one."""
        self.statistics.retried += 1
        self.statistics.channel(delivery.targets[0].channel).retried += 1
        self._destination(delivery.destination).retried += 1

    def attempted(
        self,
        job: Job,
        target: Target,
        outcome: Outcome,
        duration: float,
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Write down one attempt at one target, with what was not sent of the notification."""
        notification = job.delivery.notification
        now = self.now()
        self.attempted_at = self.monotonic()
        asked = not isinstance(outcome, Expired)
        if asked:
            self.metrics.observe_attempt(target.channel, duration)
        error = None
        if isinstance(outcome, Delivered):
            self.statistics.channel(target.channel).sent += 1
            self._destination(job.delivery.destination).sent += 1
        else:
            error = outcome.error
        self.attempts.add(
            now=now,
            status=STATUS[type(outcome)],
            channel=target.channel,
            destination=target.label,
            message_id=notification.message_id,
            title=notification.title,
            content=notification.content,
            attempt=job.attempts + (job.item.before.attempts if job.item.before else 0),
            duration=duration if asked else None,
            error=error,
            record=job.item.record,
            notes=notification.notes + notes if notes else notification.notes,
        )

    def settled(self, item: Item, verdict: Verdict) -> None:
        """Count a notification that is settled for good."""
        self.statistics.settle(verdict, self.now())
        if item.adjusted or (item.notification is not None and item.notification.notes):
            self.statistics.adjusted += 1
        if verdict is Verdict.SENT:
            self.metrics.observe_latency(self.broker_now() - item.published_at)

    def gave_up(self, job: Job, target: Target, reason: Reason, error: str) -> None:
        """Count a target that will never be reached."""
        for counts in (
            self.statistics.channel(target.channel),
            self._destination(job.delivery.destination),
        ):
            if reason is Reason.EXPIRED:
                counts.expired += 1
            else:
                counts.failed += 1
        error = clip(error, LONGEST_ERROR)
        log.warning(
            "%s to %s: %s (%s)", job.item.record.coordinates, target.label, error, reason.value
        )

    def suppressed(self, item: Item, notification: Notification) -> None:
        """Write down a notification for nobody but inactive users: nothing is sent."""
        self.attempts.add(
            now=self.now(),
            status="suppressed",
            channel="",
            destination="",
            message_id=notification.message_id,
            title=notification.title,
            content=notification.content,
            attempt=0,
            duration=None,
            error="everybody it is for is inactive in the recipients file",
            record=item.record,
            notes=notification.notes,
        )

    def unusable(self, item: Item, target: Target | None, reason: Reason, error: str) -> None:
        """Write down a record, or one target of it, that no lane could be found for."""
        notification = item.notification
        error = clip(error, LONGEST_ERROR)
        if target is not None:
            self.statistics.channel(target.channel).failed += 1
        self.attempts.add(
            now=self.now(),
            status=reason.value,
            channel=target.channel if target else "",
            destination=target.label if target else "",
            message_id=notification.message_id if notification else None,
            title=notification.title if notification else None,
            content=_shown(item) if notification is None else notification.content,
            attempt=0,
            duration=None,
            error=error,
            record=item.record,
            notes=notification.notes if notification else (),
        )
        log.warning("%s: %s (%s)", item.record.coordinates, error, reason.value)

    def unroutable(self, item: Item, targets: Sequence[tuple[Target, str]]) -> None:
        """Write down the targets that no lane could be found for; of very many, the first few."""
        for target, error in targets[:MOST_UNROUTABLE]:
            self.unusable(item, target, Reason.UNROUTABLE, error)
        more = targets[MOST_UNROUTABLE:]
        for channel, count in Counter(target.channel for target, _ in more).items():
            self.statistics.channel(channel).failed += count
        if more:
            log.warning("%s: and %s targets more", item.record.coordinates, f"{len(more):,}")

    def fault(self, where: str, error: Exception) -> str:
        """Write down an error of the service's own, and return the words for who it befell.

        Args:
            where: What was being done.
            error: What went wrong.
        """
        log.error("an internal error in %s", where, exc_info=error)
        said = f"internal error in {where}: {type(error).__name__}"
        self.last_fault = (said, self.monotonic())
        self.metrics.count_fault()
        return said

    def _destination(self, destination: Destination) -> TargetCounts:
        return self.statistics.destination(destination.label, destination.channel)


def _shown(item: Item) -> str:
    return (item.record.value or b"")[:LONGEST_SHOWN].decode("utf-8", "backslashreplace")
