"""``GET /metrics``: one snapshot of the worker and the engine's histograms, for Prometheus."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.edges.metrics import PREFIX
from app.policies.service.destinations import worst_first
from app.values.snapshot import (
    Counts,
    DestinationSnapshot,
    DestinationState,
    Snapshot,
    Status,
)

MAX_DESTINATIONS = 100
OTHER = "other"

_COUNTERS = {
    "messages_consumed": "Notifications taken from Kafka and settled.",
    "messages_sent": "Notifications that every target accepted.",
    "messages_failed": "Notifications that no target accepted or will accept.",
    "messages_partial": "Notifications that some targets accepted and some never will.",
    "messages_expired": "Notifications whose time had passed before any target accepted them.",
    "messages_suppressed": "Notifications for inactive users alone: nothing had to be sent.",
    "messages_retried": "Further attempts made after a failed one.",
    "messages_fallback": "Times that a fallback was told instead of an address.",
    "messages_adjusted": "Of the consumed: something was left out of them, or changed.",
    "messages_deferred": "Notifications written to a retry topic.",
    "messages_dead_lettered": "Records written to the dead-letter topic.",
    "messages_duplicate": "Recognised repeats.",
    "messages_skipped": "Records that the commit metadata showed as done.",
    "messages_missed": "Offsets that retention deleted before they were read.",
    "messages_vanished": "Offsets that had been read and that the log lost from its end.",
}
_TARGET_COUNTERS = {
    "messages_sent": "Targets that accepted a notification",
    "messages_failed": "Targets that no further try will be made for",
    "messages_expired": "Targets whose notification expired",
    "messages_retried": "Further attempts made after a failed one",
}
_GAUGES = {
    "embedded": "1 if the broker is the embedded one, for development.",
    "is_running": "1 while the worker takes and delivers notifications.",
    "paused": "1 while fetching is paused.",
    "in_flight": "Notifications taken from Kafka and not settled.",
    "queued": "Of those in flight, the ones that wait.",
    "parked": "Notifications that can neither be delivered now nor deferred: unsettled, alone.",
    "deferred_waiting": "Records in the group's retry topics that are not due.",
    "uptime_seconds": "Time since the worker was started.",
    "lag": "Records from the committed offsets to the ends of the logs.",
    "backlog": "Records that are really still to do, those in flight included.",
    "clock_difference_seconds": "How far this machine's clock is ahead of the brokers'.",
}


class Exposition:
    """Renders everything that is measured.

    Args:
        registry: The engine's histograms; the worker's figures are added to it.
    """

    def __init__(self, registry: CollectorRegistry, snapshot: Callable[[], Snapshot]) -> None:
        self._registry = registry
        registry.register(SnapshotCollector(snapshot))
        ProcessCollector(registry=registry)

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return body and content type in the format that an ``Accept`` header asks for."""
        try:
            encode, content_type = choose_encoder(accept)
        except TypeError:  # it fails on a version that is no number
            encode, content_type = choose_encoder("")
        return encode(self._registry), content_type


class SnapshotCollector(Collector):
    """Turns one snapshot into metric families, at scrape time and not before."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand, so that registering takes no snapshot."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family but the engine's histograms (docs/contract.md#metrics)."""
        now = self._snapshot()
        yield from _totals(now)
        yield from _states(now)
        yield from _partitions(now)
        yield from _channels(now.channels)
        yield from _destinations(_bounded(now.destinations))


def _totals(now: Snapshot) -> Iterator[Metric]:
    for name, text in _COUNTERS.items():
        yield CounterMetricFamily(f"{PREFIX}_{name}", text, value=getattr(now, name))
    for name, text in _GAUGES.items():
        value = getattr(now, name)
        if value is not None:
            yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value=float(value))
    if now.success_rate is not None:
        yield GaugeMetricFamily(
            f"{PREFIX}_success_ratio", "Sent over consumed, 0 to 1.", value=now.success_rate
        )
    for name, moment, text in (
        ("start", now.start_time, "When the worker was started"),
        ("last_message", now.last_message_time, "When the last notification was taken"),
    ):
        if moment is not None:
            yield GaugeMetricFamily(
                f"{PREFIX}_{name}_timestamp_seconds",
                f"{text}, in seconds since the epoch.",
                value=_seconds(moment),
            )


def _states(now: Snapshot) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        f"{PREFIX}_problem",
        "1 while the worker should be running and is not making progress.",
        value=float(now.problem is not None),
    )
    status = GaugeMetricFamily(f"{PREFIX}_status", "1 for the state it is in.", labels=["status"])
    for each in Status:
        status.add_metric([each.value], float(now.status is each))
    yield status
    conditions = GaugeMetricFamily(
        f"{PREFIX}_conditions",
        "Conditions that somebody should look at, by kind; GET /health has their sentences.",
        labels=["kind"],
    )
    for kind, count in Counter(each.kind for each in now.conditions).items():
        conditions.add_metric([kind], count)
    yield conditions
    info = GaugeMetricFamily(
        f"{PREFIX}_info",
        "Always 1; names the group, the consumed topics and the broker.",
        labels=["group_id", "topics", "broker"],
    )
    info.add_metric([now.group_id, ",".join(now.topics), now.broker], 1.0)
    yield info


def _partitions(now: Snapshot) -> Iterator[Metric]:
    for field, name, text in (
        ("position", "position_offset", "The next offset to be taken."),
        ("committed", "committed_offset", "Everything below this offset is done."),
        ("end", "end_offset", "The offset that the next record will get."),
        ("lag", "lag", "Records from the committed offset to the end of the log, those due."),
        ("waiting", "deferred_waiting", "Records of a retry topic that are not due."),
        ("unsettled", "unsettled", "Records of the partition that are taken and not settled."),
    ):
        family = GaugeMetricFamily(
            f"{PREFIX}_partition_{name}", text, labels=["topic", "partition"]
        )
        for each in now.partitions:
            if (value := getattr(each, field)) is not None:
                family.add_metric([each.topic, str(each.partition)], value)
        yield family


def _channels(channels: Mapping[str, Counts]) -> Iterator[Metric]:
    for name, text in _TARGET_COUNTERS.items():
        family = CounterMetricFamily(
            f"{PREFIX}_channel_{name}", f"{text}, by channel.", labels=["channel"]
        )
        for channel, counts in channels.items():
            family.add_metric([channel], getattr(counts, name))
        yield family


_Destinations = Mapping[tuple[str, str], list[DestinationSnapshot]]


def _bounded(destinations: Mapping[str, DestinationSnapshot]) -> _Destinations:
    """Group by channel and name, the worst first; those beyond the bound share one name."""
    groups: dict[tuple[str, str], list[DestinationSnapshot]] = {}
    ordered = sorted(destinations.items(), key=worst_first)
    for name, each in ordered[:MAX_DESTINATIONS]:
        groups[each.channel, name] = [each]
    for _, each in ordered[MAX_DESTINATIONS:]:
        groups.setdefault((each.channel, OTHER), []).append(each)
    return groups


def _destinations(groups: _Destinations) -> Iterator[Metric]:
    labels = ["channel", "destination"]
    for name, text in _TARGET_COUNTERS.items():
        family = CounterMetricFamily(
            f"{PREFIX}_destination_{name}", f"{text}, by destination.", labels=labels
        )
        for key, members in groups.items():
            family.add_metric(key, sum(getattr(each, name) for each in members))
        yield family
    for name, text in (("queued", "Deliveries that wait"), ("in_flight", "Deliveries under way")):
        gauge = GaugeMetricFamily(
            f"{PREFIX}_destination_{name}", f"{text}, by destination.", labels=labels
        )
        for key, members in groups.items():
            gauge.add_metric(key, sum(getattr(each, name) for each in members))
        yield gauge
    until = GaugeMetricFamily(
        f"{PREFIX}_destination_state_until_timestamp_seconds",
        "Until when the state holds, in seconds since the epoch; open destinations have none.",
        labels=labels,
    )
    state = GaugeMetricFamily(
        f"{PREFIX}_destination_state",
        "Destinations in each state.",
        labels=[*labels, "state"],
    )
    for key, members in groups.items():
        if moments := [each.until for each in members if each.until is not None]:
            until.add_metric(key, max(map(_seconds, moments)))
        for each_state in DestinationState:
            count = sum(each.state is each_state for each in members)
            state.add_metric([*key, each_state.value], count)
    yield until
    yield state


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
