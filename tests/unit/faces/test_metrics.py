from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from app.edges.metrics import Metrics
from app.faces.api.examples import SNAPSHOT
from app.faces.metrics import MAX_DESTINATIONS, Exposition
from app.values.snapshot import (
    Condition,
    DestinationSnapshot,
    DestinationState,
    PartitionSnapshot,
    Snapshot,
)

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def destination(channel: str, **changes: Any) -> DestinationSnapshot:
    """Return an open destination that accepted one notification."""
    plain = DestinationSnapshot(
        channel=channel,
        state=DestinationState.OPEN,
        until=None,
        queued=0,
        in_flight=0,
        messages_sent=1,
        messages_failed=0,
        messages_expired=0,
        messages_retried=0,
        last_error=None,
    )
    return msgspec.structs.replace(plain, **changes)


def render(snapshot: Snapshot, accept: str = "") -> tuple[str, str]:
    """Return the exposition of a snapshot and its content type."""
    body, content_type = Exposition(Metrics().registry, lambda: snapshot).render(accept)
    return body.decode(), content_type


def samples(snapshot: Snapshot, accept: str = "") -> Iterator[Sample]:
    """Parse the exposition of a snapshot back into samples."""
    for family in parse_text(render(snapshot, accept)[0]):
        yield from family.samples


def values(snapshot: Snapshot) -> dict[str, float]:
    """Return the samples without labels."""
    return {each.name: each.value for each in samples(snapshot) if not each.labels}


def labelled(snapshot: Snapshot, name: str) -> dict[tuple[str, ...], float]:
    """Return the samples of one family by their labels' values, in the order of their names."""
    return {
        tuple(value for _, value in sorted(each.labels.items())): each.value
        for each in samples(snapshot)
        if each.name == f"ginkgo_worker_{name}"
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("messages_consumed_total", 1234),
        ("messages_sent_total", 1200),
        ("messages_failed_total", 30),
        ("messages_retried_total", 4),
        ("messages_partial_total", 3),
        ("messages_expired_total", 1),
        ("messages_suppressed_total", 0),
        ("messages_adjusted_total", 2),
        ("messages_deferred_total", 0),
        ("messages_dead_lettered_total", 34),
        ("messages_duplicate_total", 2),
        ("messages_skipped_total", 0),
        ("messages_missed_total", 0),
        ("embedded", 0),
        ("is_running", 1),
        ("paused", 0),
        ("problem", 0),
        ("in_flight", 5),
        ("queued", 1),
        ("deferred_waiting", 0),
        ("uptime_seconds", 8130),
        ("lag", 7),
        ("backlog", 9),
        ("success_ratio", 0.9724473257698542),
        ("start_timestamp_seconds", 1767260670),
        ("last_message_timestamp_seconds", 1767268800),
    ],
)
def test_every_figure_has_its_metric(name: str, value: float) -> None:
    """The guide's names as counters, everything else under the same prefix."""
    assert values(SNAPSHOT)[f"ginkgo_worker_{name}"] == value


def test_what_is_not_known_is_left_out() -> None:
    """An unknown lag is not a lag of zero."""
    unknown = msgspec.structs.replace(
        SNAPSHOT,
        lag=None,
        backlog=None,
        success_rate=None,
        last_message_time=None,
        partitions=(msgspec.structs.replace(SNAPSHOT.partitions[0], lag=None),),
    )
    left_out = {"lag", "backlog", "success_ratio", "last_message_timestamp_seconds"}
    assert not {f"ginkgo_worker_{name}" for name in left_out} & set(values(unknown))
    assert labelled(unknown, "partition_lag") == {}
    assert labelled(unknown, "partition_unsettled") == {("0", "notifications"): 5}


def test_status_and_problem_are_shown() -> None:
    """One of the states is 1, and a problem is 1."""
    states = labelled(SNAPSHOT, "status")
    assert states.pop(("RUNNING",)) == 1
    assert len(states) == 4
    assert set(states.values()) == {0}
    problem = msgspec.structs.replace(SNAPSHOT, problem="Kafka is away")
    assert values(problem)["ginkgo_worker_problem"] == 1
    info = {("kafka-1:9092", "notification_worker_group", "notifications"): 1}
    assert labelled(SNAPSHOT, "info") == info


def test_what_is_not_due_is_no_lag() -> None:
    """Records that wait in a retry topic are counted apart."""
    retry = PartitionSnapshot(
        topic="r.30s", partition=2, position=14, committed=10, end=54, lag=4, unsettled=4
    )
    snapshot = msgspec.structs.replace(SNAPSHOT, partitions=(*SNAPSHOT.partitions, retry))
    assert labelled(snapshot, "partition_lag")["2", "r.30s"] == 4
    assert labelled(snapshot, "partition_deferred_waiting") == {
        ("0", "notifications"): 0,
        ("2", "r.30s"): 40,
    }


def test_every_figure_of_the_snapshot_is_a_metric() -> None:
    """A figure that is added to the snapshot is not forgotten here; texts are left out."""
    condition = Condition("clock", "", "the clocks are 31 s apart", 1.0)
    snapshot = msgspec.structs.replace(SNAPSHOT, conditions=(condition,))
    served = {each.name for each in samples(snapshot)}
    renamed = {
        "start_time": "start_timestamp_seconds",
        "last_message_time": "last_message_timestamp_seconds",
        "success_rate": "success_ratio",
        "group_id": "info",
        "topics": "info",
        "broker": "info",
        "partitions": "partition_lag",
        "channels": "channel_messages_sent_total",
        "destinations": "destination_state",
    }
    for field in Snapshot.__struct_fields__:
        name = f"ginkgo_worker_{renamed.get(field, field)}"
        assert name in served or f"{name}_total" in served, field


def test_partitions_channels_and_destinations_have_labels() -> None:
    """Figures that exist several times are told apart."""
    name = "https://discord.com/api/webhooks/1234…/***"
    assert labelled(SNAPSHOT, "partition_lag") == {("0", "notifications"): 7}
    assert labelled(SNAPSHOT, "channel_messages_sent_total") == {("discord",): 1200}
    assert labelled(SNAPSHOT, "destination_messages_failed_total") == {("discord", name): 30}
    assert labelled(SNAPSHOT, "destination_queued") == {("discord", name): 1}
    assert labelled(SNAPSHOT, "destination_in_flight") == {("discord", name): 4}
    state = labelled(SNAPSHOT, "destination_state")
    assert [key[2] for key, count in state.items() if count] == ["rate_limited"]
    until = labelled(SNAPSHOT, "destination_state_until_timestamp_seconds")
    assert until == {("discord", name): 1767268801.25}
    assert labelled(SNAPSHOT, "partition_committed_offset") == {("0", "notifications"): 1237}


def test_those_that_fail_have_a_name_of_their_own() -> None:
    """However many there are, nobody looks for one among the others that is not well."""
    many = {f"https://a.example/{n}": destination("webhook") for n in range(MAX_DESTINATIONS + 5)}
    many["https://z.example/"] = destination("webhook", state=DestinationState.BROKEN)
    many["https://y.example/"] = destination("webhook", messages_failed=3)
    failed = labelled(
        msgspec.structs.replace(SNAPSHOT, destinations=many), "destination_messages_failed_total"
    )
    assert ("webhook", "https://z.example/") in failed
    assert failed["webhook", "https://y.example/"] == 3


def test_destinations_are_bounded() -> None:
    """Beyond the bound they share one name for each channel, and no count is lost."""
    many = {f"https://a.example/{n}": destination("webhook") for n in range(MAX_DESTINATIONS + 5)}
    many["smtp://mail.example:25"] = destination("email", messages_sent=7)
    sent = labelled(
        msgspec.structs.replace(SNAPSHOT, destinations=many), "destination_messages_sent_total"
    )
    assert len(sent) == MAX_DESTINATIONS + 2
    assert sent["webhook", "other"] == 5
    assert sent["email", "other"] == 7
    assert sum(sent.values()) == MAX_DESTINATIONS + 5 + 7


def test_every_metric_has_a_help_text_and_stands_together() -> None:
    """As promtool asks: documented, one block for each family."""
    families = list(parse_text(render(SNAPSHOT)[0]))
    assert all(family.documentation for family in families)
    names = [name for name, _ in groupby(family.name for family in families)]
    assert len(names) == len(set(names))


def test_the_engines_histograms_are_rendered() -> None:
    """What the engine has observed stands beside the snapshot's figures."""
    metrics = Metrics()
    metrics.observe_attempt("discord", 0.1)
    body, _ = Exposition(metrics.registry, lambda: SNAPSHOT).render("")
    assert b'ginkgo_worker_attempt_duration_seconds_count{channel="discord"} 1.0' in body


def test_openmetrics_is_given_to_whom_asks() -> None:
    """Both formats carry the same figure, each under its own content type."""
    plain, plain_type = render(SNAPSHOT)
    opened, open_type = render(SNAPSHOT, OPENMETRICS)
    assert plain_type.startswith("text/plain")
    assert open_type.startswith("application/openmetrics-text")
    families = parse_openmetrics(opened)  # type: ignore[no-untyped-call] # the library's parser has no types
    consumed = [each for each in families if each.name.endswith("_consumed")]
    assert consumed[0].type == "counter"
    assert consumed[0].samples[0].value == 1234
    assert "ginkgo_worker_messages_consumed_total 1234.0" in plain


def test_a_senseless_version_gets_the_plain_format() -> None:
    """A scraper's bad header is no error of the service."""
    assert render(SNAPSHOT, "text/plain;version=x")[1].startswith("text/plain")


def test_a_snapshot_is_taken_for_each_scrape_and_not_before() -> None:
    """Registering costs nothing, and a scrape never mixes two moments."""
    taken: list[Snapshot] = []

    def take() -> Snapshot:
        taken.append(SNAPSHOT)
        return SNAPSHOT

    exposition = Exposition(Metrics().registry, take)
    assert taken == []
    exposition.render("")
    assert len(taken) == 1
