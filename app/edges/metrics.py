"""The histograms that the engine feeds. Rendering is the business of ``app.faces.metrics``."""

from prometheus_client import CollectorRegistry, Histogram

PREFIX = "ginkgo_worker"
_DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LATENCIES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 3600.0)
_LOOP_LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Metrics:
    """What is measured over time, in a registry of its own.

    Attributes:
        registry: Where the histograms are registered; nothing is registered globally.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._attempts = Histogram(
            f"{PREFIX}_attempt_duration_seconds",
            "Time a destination took to answer one attempt.",
            ["channel"],
            registry=self.registry,
            buckets=_DURATIONS,
        )
        self._by_channel: dict[str, Histogram] = {}
        self._latency = Histogram(
            f"{PREFIX}_publish_to_accepted_seconds",
            "Time from the record's timestamp until every target had accepted the notification.",
            registry=self.registry,
            buckets=_LATENCIES,
        )
        self._loop_lag = Histogram(
            f"{PREFIX}_event_loop_lag_seconds",
            "How much later than asked for the event loop came round.",
            registry=self.registry,
            buckets=_LOOP_LAGS,
        )

    def observe_attempt(self, channel: str, seconds: float) -> None:
        """Count one attempt that a destination answered, or failed to, after ``seconds``."""
        bound = self._by_channel.get(channel)
        if bound is None:  # looking up labels takes four times as long as the observation
            bound = self._by_channel[channel] = self._attempts.labels(channel)
        bound.observe(seconds)

    def observe_latency(self, seconds: float) -> None:
        """Count one notification accepted ``seconds`` after its record was written.

        Clocks of two machines may disagree: less than nothing counts as nothing.
        """
        self._latency.observe(max(seconds, 0.0))

    def observe_loop_lag(self, seconds: float) -> None:
        """Count one turn of the event loop that came ``seconds`` late."""
        self._loop_lag.observe(max(seconds, 0.0))
