from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.admin import Committed
from app.edges.kafka.connection import Connection
from app.edges.kafka.survey import Survey
from app.engine.doctor.findings import Finding, Verdict
from app.engine.doctor.kafka import check_kafka
from app.settings.models import KafkaSettings
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, NotifierError
from app.values.record import TopicPartition
from tests.support.http_server import http_server
from tests.support.service import free_port

SERVERS = "kafka.example:9092"
SOURCE, DEAD = "notifications", "notifications.dlq"
CONFIG = {"cleanup.policy": "delete", "max.message.bytes": "1000", "retention.ms": "604800000"}


@dataclass
class Cluster:
    """What a cluster would answer."""

    places: list[tuple[str, int]]
    partitions: dict[str, int] = field(default_factory=lambda: {SOURCE: 2, DEAD: 3})
    configs: dict[str, dict[str, str]] = field(
        default_factory=lambda: {SOURCE: dict(CONFIG), DEAD: dict(CONFIG)}
    )
    hosts: list[str] = field(default_factory=list)
    logs: dict[TopicPartition, range] = field(default_factory=dict)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    failures: list[NotifierError] = field(default_factory=list)
    config_failure: NotifierError | None = None


class FakeSurvey(Survey):
    """Answers from a ``Cluster``."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Nothing is open."""

    async def brokers(self) -> list[tuple[str, int]]:
        """See ``Survey``."""
        return self._cluster.places

    async def topics(self) -> dict[str, int]:
        """See ``Survey``."""
        return self._cluster.partitions

    async def topic_configs(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        """See ``Survey``."""
        if self._cluster.config_failure:
            raise self._cluster.config_failure
        return {topic: self._cluster.configs[topic] for topic in topics}

    async def members(self, group_id: str) -> list[str]:
        """See ``Survey``."""
        assert group_id == "notification_worker_group"
        if self._cluster.failures:
            raise self._cluster.failures.pop()
        return self._cluster.hosts

    async def log_ranges(self, topics: Iterable[str]) -> dict[TopicPartition, range]:
        """See ``Survey``."""
        return {at: each for at, each in self._cluster.logs.items() if at.topic in {*topics}}

    async def committed(
        self, group_id: str, partitions: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, Committed | None]:
        """See ``Survey``."""
        assert group_id == "notification_worker_group"
        offsets = self._cluster.offsets
        return {at: Committed(offsets[at]) if at in offsets else None for at in partitions}


@pytest.fixture
async def cluster() -> Cluster:
    """Return a cluster whose one broker is not reached, with topics as the worker makes them."""
    return Cluster(places=[("127.0.0.1", free_port())])


async def examined(cluster: Cluster, **settings: str) -> dict[str, Finding]:
    """Return the last finding about each subject."""
    kafka = KafkaSettings(bootstrap_servers=SERVERS, **settings)
    found = check_kafka(kafka, lambda _: FakeSurvey(cluster))
    return {finding.subject: finding async for finding in found}


async def test_brokers_are_named_and_knocked_at(cluster: Cluster) -> None:
    """Every broker that the cluster names is to be reachable from here."""
    async with http_server() as there:
        cluster.places = [("127.0.0.1", there.port)]
        finding = (await examined(cluster))["broker"]
        assert (finding.verdict, finding.text) == (Verdict.OK, f"127.0.0.1:{there.port}")
    finding = (await examined(cluster))["broker"]
    assert finding.verdict is Verdict.FAIL
    assert f"names 127.0.0.1:{there.port}, where nothing answers" in finding.text
    assert "advertised.listeners" in finding.text


async def test_topics_are_listed(cluster: Cluster) -> None:
    """A topic that is there shows its partitions; a missing one is the worker's to make."""
    found = await examined(cluster)
    assert found[f"topic {SOURCE}"].text == "partitions: 2"
    assert found[f"topic {DEAD}"].text == "partitions: 3; dead letters are kept for 7 days"
    cluster.partitions = {}
    found = await examined(cluster)
    for topic in (SOURCE, DEAD):
        assert found[f"topic {topic}"].verdict is Verdict.OK
        assert "the worker creates it at its start (partitions: 12)" in found[f"topic {topic}"].text


async def test_dead_letters_may_be_kept_for_ever(cluster: Cluster) -> None:
    """A retention below zero is none."""
    cluster.configs[DEAD]["retention.ms"] = "-1"
    assert (await examined(cluster))[f"topic {DEAD}"].text.endswith("are kept for ever")


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("cleanup.policy", "compact,delete", "Set its cleanup.policy to delete."),
        ("max.message.bytes", "999", f"Set it to {1000 + 65536}."),
    ],
)
async def test_a_dead_letter_topic_that_is_unfit_is_a_fault(
    cluster: Cluster, name: str, value: str, remedy: str
) -> None:
    """Compaction loses dead letters, too small a limit their values."""
    cluster.configs[DEAD][name] = value
    finding = (await examined(cluster))[f"topic {DEAD}"]
    assert finding.verdict is Verdict.FAIL
    assert finding.text.endswith(remedy)


async def test_settings_that_may_not_be_read_are_no_fault(cluster: Cluster) -> None:
    """The worker does not need that permission."""
    cluster.config_failure = KafkaRefusedError("not allowed")
    finding = (await examined(cluster))[f"topic {DEAD}"]
    assert finding.verdict is Verdict.SKIP
    assert finding.text.endswith("not allowed")


async def test_members_are_listed(cluster: Cluster) -> None:
    """The group's line names hosts, and workers that have nothing to do."""
    group = "group notification_worker_group"
    assert (await examined(cluster))[group].text == "members: 0 (no worker is running)"
    cluster.hosts = ["10.0.0.1", "10.0.0.2"]
    assert (await examined(cluster))[group].text == "members: 2 (10.0.0.1, 10.0.0.2)"
    cluster.hosts += ["10.0.0.3"]
    text = (await examined(cluster))[group].text
    assert text.endswith("; 1 of them have nothing to do, there are fewer partitions")


async def test_a_cluster_that_never_had_a_group_is_given_time(cluster: Cluster) -> None:
    """The first question about any group makes the cluster make room for it."""
    cluster.failures = [KafkaUnavailableError("no coordinator")]
    found = await examined(cluster)
    assert found["group notification_worker_group"].verdict is Verdict.OK


async def test_a_group_that_may_not_be_seen_is_a_fault(cluster: Cluster) -> None:
    """A refusal is told at once, with the permission that is missing."""
    cluster.failures = [KafkaRefusedError("not allowed"), KafkaRefusedError("not allowed")]
    found = await examined(cluster)
    for subject in ("group", "lag"):
        assert found[subject].verdict is Verdict.FAIL
        assert "this user may Describe and Read the group" in found[subject].text


async def test_lag_is_summed_by_topic(cluster: Cluster) -> None:
    """It is from the committed offset, or from where the group would begin, to the log's end."""
    cluster.logs = {
        TopicPartition(SOURCE, 0): range(10, 2000),
        TopicPartition(SOURCE, 1): range(5, 105),
    }
    cluster.offsets = {TopicPartition(SOURCE, 0): 1000}
    cluster.hosts = ["10.0.0.1"]
    lag = (await examined(cluster))["lag"]
    assert (lag.verdict, lag.text) == (Verdict.OK, "notifications: 1,100")
    lag = (await examined(cluster, auto_offset_reset="latest"))["lag"]
    assert lag.text == "notifications: 1,000"


async def test_lag_without_a_worker_is_a_fault(cluster: Cluster) -> None:
    """Records that wait for nobody are what an operator has to hear of."""
    cluster.logs = {TopicPartition(SOURCE, 0): range(3)}
    lag = (await examined(cluster))["lag"]
    assert lag.verdict is Verdict.FAIL
    assert "(notifications: 3). Start one with start-notification-worker." in lag.text
    cluster.offsets = {TopicPartition(SOURCE, 0): 3}
    assert (await examined(cluster))["lag"].verdict is Verdict.OK


async def test_without_a_broker_nothing_else_is_asked() -> None:
    """The broker's line names the setting, and the rest is left out."""
    kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}")
    broker, rest = [finding async for finding in check_kafka(kafka)]
    assert (broker.subject, broker.verdict) == ("broker", Verdict.FAIL)
    assert "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS" in broker.text
    assert rest.verdict is Verdict.SKIP


async def test_certificates_that_cannot_be_read_are_a_fault(tmp_path: Path) -> None:
    """Nothing is asked of Kafka before its TLS files are read."""
    kafka = KafkaSettings(
        bootstrap_servers=SERVERS, security_protocol="SSL", ssl_cafile=tmp_path / "missing.pem"
    )
    [finding] = [each async for each in check_kafka(kafka)]
    assert finding.verdict is Verdict.FAIL
    assert "NOTIFIER_KAFKA__SSL_CAFILE" in finding.text


async def test_a_real_protocol_is_spoken() -> None:
    """Over TCP, brokers, topics and the ends of their logs are found."""
    async with EmbeddedBroker() as broker:
        connection = Connection(broker.address, {"bootstrap_servers": broker.address})
        host, port = broker.address.split(":")
        async with Survey(connection) as survey:
            assert list(await survey.brokers()) == [(host, int(port))]
            assert await survey.topics() == {}
            assert await survey.log_ranges([SOURCE]) == {}
            await survey.create_missing({SOURCE: {}}, 4, None)
            await survey.partition_counts([SOURCE])
            assert await survey.topics() == {SOURCE: 4}
            logs = await survey.log_ranges([SOURCE])
    assert logs == {TopicPartition(SOURCE, number): range(0) for number in range(4)}
