"""The observer: the only writer of statistics, delivery log and metrics."""

import logging
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter, itemgetter

from app.edges.metrics import Metrics
from app.engine.attempts import AttemptLog
from app.engine.clock import EngineClock
from app.engine.history import History
from app.engine.inflight.item import Item, Job
from app.engine.inflight.leaving import why_dead
from app.engine.spans import Spans
from app.policies.books.rates import RateBook
from app.policies.books.statistics import DestinationCounts, Statistics, Verdict
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
from app.values.rates import Rates
from app.values.snapshot import AttemptStatus

log = logging.getLogger("app.deliveries")

_TARGET, _CHANNEL = itemgetter(0), attrgetter("channel")
MOST_UNROUTABLE = 20
"""Targets of one record that are written down one by one."""

LONGEST_SHOWN = 2000
"""Bytes of a record that could not be read; the delivery log shows fewer characters."""
LONGEST_ERROR = 1000
LATE = 5.0
"""Seconds after which a notification's story says where it waited."""
STATUS: dict[type, AttemptStatus] = {
    Retry: AttemptStatus.RETRY,
    RateLimited: AttemptStatus.RATE_LIMITED,
    Rejected: AttemptStatus.REJECTED,
    Denied: AttemptStatus.DENIED,
    Gone: AttemptStatus.GONE,
    Expired: AttemptStatus.EXPIRED,
}


class Observer:
    """Records what happens; nothing else writes statistics, delivery log, metrics or history.

    Args:
        statistics: The counts (docs/contract.md#counts).
        attempts: The delivery log.
        metrics: Histograms for Prometheus.
        clock: Tells the time of each entry.
        history: What became of every notification, for the group's history topic.
        spans: What became of every notification, for traces; None if nobody wants any.

    Attributes:
        attempted_at: Monotonic seconds when an attempt last ended.
        last_fault: The last error of the service's own, and its monotonic seconds; None so far.
        last_dead_letter: Why the last record was written there; empty before the first.
    """

    def __init__(
        self,
        statistics: Statistics,
        attempts: AttemptLog,
        metrics: Metrics,
        clock: EngineClock,
        history: History,
        spans: Spans | None = None,
    ) -> None:
        self.statistics = statistics
        self.attempts = attempts
        self.metrics = metrics
        self.history = history
        self.spans = spans
        self._rates = RateBook()
        self._clock = clock
        self._is_collecting = False
        self._accepted: list[tuple[Job, Target, float, tuple[Note, ...]]] = []
        self._settled: list[tuple[Item, Verdict]] = []
        self.attempted_at = clock.monotonic()
        self.last_fault: tuple[str, float] | None = None
        self.last_dead_letter = ""

    def collect(self) -> None:
        """Collect successes until ``write_down``: to record many together takes less time."""
        self._is_collecting = True

    def write_down(self) -> None:
        """Record what was collected."""
        self._is_collecting = False
        now = self._clock.now()
        accepted, self._accepted = self._accepted, []
        for job, target, duration, notes in accepted:
            try:
                self._write_delivered(job, target, duration, notes, now)
            except Exception as error:  # noqa: BLE001 - it was accepted, and so were the others
                self.fault(f"booking {job.item.name}", error)
        settled, self._settled = self._settled, []
        for item, verdict in settled:
            try:
                self._write_settled(item, verdict)
            except Exception as error:  # noqa: BLE001 - it is settled, and so are the others
                self.fault(f"booking {item.name}", error)

    def retried(self, delivery: Delivery) -> None:
        """Count a further attempt after a failed one."""
        self.statistics.retried += 1
        self.statistics.channel(delivery.targets[0].channel).retried += 1
        self._destination(delivery.destination).retried += 1

    def handed_over(self, job: Job, target: Target, error: str) -> None:
        """Record that a fallback is notified instead of a target.

        Args:
            job: Its targets are the fallback's.
            target: The one that did not accept it.
            error: Why.
        """
        self.statistics.fallback += 1
        instead = job.delivery.targets[0].label
        said = f"{error}; {instead} is told instead"
        self.history.tried(job.item, target, AttemptStatus.DEFERRED, 0, None, said)
        log.info("%s goes to %s instead of %s (%s)", job.item.name, instead, target.label, error)

    def delivered(
        self, job: Job, target: Target, duration: float, notes: tuple[Note, ...] = ()
    ) -> None:
        """Write down one attempt that its target has accepted; see ``attempted``."""
        if self._is_collecting:
            self._accepted.append((job, target, duration, notes))
        else:
            self._write_delivered(job, target, duration, notes, self._clock.now())

    def _write_delivered(
        self, job: Job, target: Target, duration: float, notes: tuple[Note, ...], now: float
    ) -> None:
        self.metrics.observe_attempt(target.channel, duration)
        self.statistics.channel(target.channel).sent += 1
        counts = self.statistics.destination(job.delivery.destination)
        counts.sent += 1
        self._log(job, target, AttemptStatus.DELIVERED, duration, None, notes, counts, now)

    def attempted(
        self,
        job: Job,
        target: Target,
        outcome: Outcome,
        duration: float,
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Write down one attempt at one target, with what was not sent of the notification."""
        if isinstance(outcome, Delivered):
            self.delivered(job, target, duration, notes)
            return
        asked = None if isinstance(outcome, Expired) else duration
        if asked is not None:
            self.metrics.observe_attempt(target.channel, asked)
        counts = self._destination(job.delivery.destination)
        now = self._clock.now()
        self._log(job, target, STATUS[type(outcome)], asked, outcome.error, notes, counts, now)

    def _log(
        self,
        job: Job,
        target: Target,
        status: AttemptStatus,
        duration: float | None,
        error: str | None,
        notes: tuple[Note, ...],
        counts: DestinationCounts,
        now: float,
    ) -> None:
        self.attempted_at = self._clock.monotonic()
        notification, item = job.delivery.notification, job.item
        attempt = job.attempts + (item.before.attempts if item.before else 0)
        if duration is not None:
            accepted = status is AttemptStatus.DELIVERED
            self._rates.add(job.delivery.destination.label, now, duration, accepted=accepted)
            counts.asked(now, None if error is None else clip(error, LONGEST_ERROR))
        self.history.tried(item, target, status, attempt, duration, error, now)
        notes = notification.notes + notes if notes else notification.notes
        self.attempts.add(
            now, status, target, notification, item.record, attempt, duration, error, notes
        )

    def rates(self, minutes: int, destination: str | None = None) -> Rates:
        """Return how many attempts the last minutes had, and how long they took.

        Args:
            minutes: Up to 60.
            destination: Of this one alone, by its redacted address.
        """
        return self._rates.rates(self._clock.now(), minutes, destination)

    def put_aside(self, job: Job, seconds: float, error: str) -> None:
        """Write down why a delivery is deferred, for the notification's story."""
        self._deferred(job, f"{error}; tried again after {seconds:g} s")

    def put_off(self, job: Job, error: str) -> None:
        """Write down that a delivery waits for an operator, for the notification's story."""
        self._deferred(job, f"{error}; sent once the destination is resumed")

    def _deferred(self, job: Job, said: str) -> None:
        targets = job.delivery.targets
        if job.item.before is None:  # else it was counted when it was deferred first
            self.statistics.destination(job.delivery.destination).deferred += len(targets)
        for target in targets:
            self.history.tried(job.item, target, AttemptStatus.DEFERRED, 0, None, said)

    def settled(self, item: Item, verdict: Verdict) -> None:
        """Count a notification that is settled for good."""
        self.statistics.settle(verdict, self._clock.now())
        if self._is_collecting:
            self._settled.append((item, verdict))
        else:
            self._write_settled(item, verdict)

    def _write_settled(self, item: Item, verdict: Verdict) -> None:
        age = self._clock.broker_now() - item.published_at
        if age > LATE:
            self.history.was_late(item, self._clock.monotonic() - item.received_at)
        self.history.add(item, verdict.value)
        if self.spans is not None:
            self.spans.end(item, verdict.value)
        if item.adjusted or (item.notification is not None and item.notification.notes):
            self.statistics.adjusted += 1
        if verdict is Verdict.SENT:
            self.metrics.observe_latency(age)

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
        log.warning("%s to %s: %s (%s)", job.item.name, target.label, error, reason.value)

    def suppressed(self, item: Item, notification: Notification) -> None:
        """Write down a notification for nobody but inactive users: nothing is sent."""
        self.attempts.add(
            self._clock.now(),
            AttemptStatus.SUPPRESSED,
            None,
            notification,
            item.record,
            error="everybody it is for is inactive in the recipients file",
            notes=notification.notes,
        )

    def unusable(self, item: Item, target: Target | None, reason: Reason, error: str) -> None:
        """Write down a record, or one target of it, that no lane could be found for."""
        notification = item.notification
        error = clip(error, LONGEST_ERROR)
        status = AttemptStatus(reason.value)
        if target is not None:
            self.statistics.channel(target.channel).failed += 1
            self.history.tried(item, target, status, 0, None, error)
        self.attempts.add(
            self._clock.now(),
            status,
            target,
            notification or Notification(_shown(item), ()),
            item.record,
            error=error,
            notes=notification.notes if notification else (),
        )
        log.warning("%s: %s (%s)", item.name, error, reason.value)

    def unroutable(self, item: Item, targets: Sequence[tuple[Target, str]]) -> None:
        """Write down the targets that no lane could be found for; of very many, the first few."""
        for target, error in targets[:MOST_UNROUTABLE]:
            self.unusable(item, target, Reason.UNROUTABLE, error)
        more = targets[MOST_UNROUTABLE:]
        for channel, count in Counter(map(_CHANNEL, map(_TARGET, more))).items():
            self.statistics.channel(channel).failed += count
        if more:
            log.warning("%s: and %s targets more", item.name, f"{len(more):,}")

    def deferred(self, item: Item) -> None:
        """Count a record that was written to a retry topic."""
        self.statistics.deferred += 1
        self.history.add(item, "deferred")
        if self.spans is not None:
            self.spans.end(item, "deferred")

    def kept(self, item: Item) -> None:
        """Write down what was tried of a record that waits where it stands: it is let go of."""
        self.history.add(item, "deferred")

    def dead_lettered(self, item: Item) -> None:
        """Count a record that was written to the dead letters."""
        self.statistics.dead_lettered += 1
        self.last_dead_letter = why_dead(item)

    def duplicate(self) -> None:
        """Count a repeat that was not sent."""
        self.statistics.duplicate += 1

    def skipped(self, offsets: int = 1) -> None:
        """Count offsets that came in again and had been settled before."""
        self.statistics.skipped += offsets

    def missed(self, offsets: int) -> None:
        """Count offsets that the log no longer held when they were to be read."""
        self.statistics.missed += offsets

    def vanished(self, offsets: int) -> None:
        """Count offsets that had been read and that the log lost from its end."""
        self.statistics.vanished += offsets

    def moved(self, why: str) -> None:
        """Count a position that was set elsewhere; ``why`` is one of ``metrics.MOVED``."""
        self.metrics.count_moved(why)

    def ignored_metadata(self, partitions: int) -> None:
        """Count commits whose metadata was not this service's or corrupt."""
        self.metrics.count_ignored_metadata(partitions)

    def loop_lag(self, seconds: float) -> None:
        """Count one turn of the event loop that came ``seconds`` late."""
        self.metrics.observe_loop_lag(seconds)

    def fault(self, where: str, error: Exception) -> str:
        """Record an error of the service's own; return a text that names it.

        Args:
            where: What was being done.
            error: What went wrong.
        """
        log.error("an internal error in %s", where, exc_info=error)
        said = f"internal error in {where}: {type(error).__name__}"
        self.last_fault = (said, self._clock.monotonic())
        self.metrics.count_fault()
        return said

    def _destination(self, destination: Destination) -> DestinationCounts:
        return self.statistics.destination(destination)


def _shown(item: Item) -> str:
    return (item.record.value or b"")[:LONGEST_SHOWN].decode("utf-8", "backslashreplace")
