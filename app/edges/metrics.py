"""The engine's measurements and counters. ``app.faces.metrics`` renders them."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

PREFIX = "ginkgo_worker"
_DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LATENCIES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 3600.0)
_LOOP_LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
MOVED = ("log_truncated", "restored", "retention", "topic_recreated", "unknown")
"""Reasons for setting a position elsewhere than reading had got to."""
SPANS = ("exported", "failed", "dropped")
"""What becomes of a span."""


class Distribution:
    """How many observations there were of each size.

    prometheus_client's own histograms are for threads: their locks and their search cost each
    observation three to six times as much.

    Args:
        bounds: The upper ends of the buckets, in rising order; greater values are counted as well.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one; less than nothing, by a clock that was set back, counts as nothing."""
        value = max(value, 0.0)
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def add_to(self, family: HistogramMetricFamily, *labels: str) -> None:
        """Add it to a family that is being collected."""
        bounds = (*map(floatToGoString, self._bounds), "+Inf")
        counts = map(float, accumulate(self._counts))
        family.add_metric(labels, list(zip(bounds, counts, strict=True)), self._sum)


class Metrics(Collector):
    """Measurements over time, in a registry of their own."""

    def __init__(self) -> None:
        self._attempts: dict[str, Distribution] = {}
        self._latency = Distribution(_LATENCIES)
        self._loop_lag = Distribution(_LOOP_LAGS)
        self._ignored_metadata = 0
        self._faults = 0
        self._notices = {"accepted": 0, "failed": 0}
        self._moved = dict.fromkeys(MOVED, 0)
        self._spans = dict.fromkeys(SPANS, 0)
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def observe_attempt(self, channel: str, seconds: float) -> None:
        """Count one attempt that a destination answered, or failed to, after ``seconds``."""
        durations = self._attempts.get(channel)
        if durations is None:
            durations = self._attempts[channel] = Distribution(_DURATIONS)
        durations.observe(seconds)

    def observe_latency(self, seconds: float) -> None:
        """Count one notification accepted ``seconds`` after its record was written."""
        self._latency.observe(seconds)

    def observe_loop_lag(self, seconds: float) -> None:
        """Count one turn of the event loop that came ``seconds`` late."""
        self._loop_lag.observe(seconds)

    def count_ignored_metadata(self, partitions: int) -> None:
        """Count commits whose metadata is not this service's or corrupt, one for each partition."""
        self._ignored_metadata += partitions

    def count_fault(self) -> None:
        """Count one error of the service's own."""
        self._faults += 1

    def count_notice(self, *, accepted: bool) -> None:
        """Count one try to tell the operator something."""
        self._notices["accepted" if accepted else "failed"] += 1

    def count_moved(self, why: str) -> None:
        """Count a position that was set elsewhere than reading had got to.

        Args:
            why: One of ``MOVED``.
        """
        self._moved[why] += 1

    def count_spans(self, result: str, spans: int) -> None:
        """Count what became of spans; ``result`` is one of ``SPANS``, each by one thread alone."""
        self._spans[result] += spans

    def collect(self) -> Iterator[Metric]:
        """Yield the histograms and the engine's own counters (docs/contract.md#metrics)."""
        attempts = HistogramMetricFamily(
            f"{PREFIX}_attempt_duration_seconds",
            "Time a destination took to answer one attempt.",
            labels=["channel"],
        )
        for channel, durations in self._attempts.items():
            durations.add_to(attempts, channel)
        yield attempts
        for distribution, name, text in (
            (
                self._latency,
                "publish_to_accepted_seconds",
                "Time from the record's timestamp until every target had accepted it.",
            ),
            (
                self._loop_lag,
                "event_loop_lag_seconds",
                "How much later than asked for the event loop came round.",
            ),
        ):
            family = HistogramMetricFamily(f"{PREFIX}_{name}", text)
            distribution.add_to(family)
            yield family
        yield CounterMetricFamily(
            f"{PREFIX}_commit_metadata_ignored",
            "Commits that were read back and whose metadata was not this service's or corrupt.",
            value=self._ignored_metadata,
        )
        yield CounterMetricFamily(
            f"{PREFIX}_internal_errors",
            "Errors of the service's own; each ended no more than the attempt or record it met.",
            value=self._faults,
        )
        yield _counters(
            "operator_notices",
            "Tries to tell one of the operator's addresses something, by their result.",
            "result",
            self._notices,
        )
        yield _counters(
            "positions_moved",
            "Positions that were set elsewhere than reading had got to, by reason.",
            "reason",
            self._moved,
        )
        yield _counters(
            "spans",
            "OpenTelemetry's spans that had ended, by what became of them.",
            "result",
            self._spans,
        )


def _counters(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
