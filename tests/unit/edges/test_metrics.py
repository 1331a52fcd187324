from prometheus_client import REGISTRY

from app.edges.metrics import PREFIX, Metrics


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return one sample of the registry."""
    return metrics.registry.get_sample_value(f"{PREFIX}_{name}", labels)


def test_attempts_are_counted_by_channel() -> None:
    """Each channel has its own count, sum and buckets."""
    metrics = Metrics()
    metrics.observe_attempt("discord", 0.02)
    metrics.observe_attempt("discord", 20.0)
    metrics.observe_attempt("email", 0.3)
    assert value(metrics, "attempt_duration_seconds_count", channel="discord") == 2
    assert value(metrics, "attempt_duration_seconds_sum", channel="discord") == 20.02
    assert value(metrics, "attempt_duration_seconds_bucket", channel="discord", le="0.025") == 1
    assert value(metrics, "attempt_duration_seconds_count", channel="email") == 1


def test_latency_is_never_less_than_nothing() -> None:
    """A producer whose clock is ahead does not spoil the sum."""
    metrics = Metrics()
    metrics.observe_latency(0.01)
    metrics.observe_latency(-5.0)
    assert value(metrics, "publish_to_accepted_seconds_count") == 2
    assert value(metrics, "publish_to_accepted_seconds_sum") == 0.01


def test_loop_lag_is_counted() -> None:
    """A turn that comes early counts as one without lag."""
    metrics = Metrics()
    metrics.observe_loop_lag(0.004)
    metrics.observe_loop_lag(-0.1)
    assert value(metrics, "event_loop_lag_seconds_bucket", le="0.001") == 1
    assert value(metrics, "event_loop_lag_seconds_sum") == 0.004


def test_errors_of_the_services_own_are_counted() -> None:
    """None of them shows anywhere else as a number."""
    metrics = Metrics()
    metrics.count_fault()
    assert value(metrics, "internal_errors_total") == 1


def test_nothing_is_registered_globally() -> None:
    """Two workers in one process do not meet."""
    Metrics()
    Metrics()
    assert not [each for each in REGISTRY.collect() if each.name.startswith(PREFIX)]
