from pathlib import Path

import pytest

from app.doctor.findings import Finding, Verdict
from app.doctor.kafka import check_kafka
from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.connection import Connection
from app.edges.kafka.survey import Survey
from app.policies.books.commit_metadata import Committed, Settled
from app.settings.models import KafkaSettings
from app.values.errors import BrokersUnreachableError, KafkaRefusedError, KafkaUnavailableError
from app.values.group import GroupMember
from app.values.record import TopicPartition
from app.values.topic import TopicState, WantedTopic
from tests.support.http_server import http_server
from tests.support.service import free_port
from tests.support.survey import RETRY, SOURCE, Cluster, FakeSurvey, worker_at

SERVERS = "kafka.example:9092"


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
    assert f"tells its clients to use 127.0.0.1:{there.port}, and nothing answers" in finding.text
    assert "advertised.listeners" in finding.text


async def test_addresses_that_cannot_be_reached_are_named() -> None:
    """The bootstrap address is right; what is wrong is where it sends its clients on to."""
    cluster = Cluster(unreachable=BrokersUnreachableError(SERVERS, ["10.9.8.7:29092"]))
    found = await examined(cluster)
    assert found["broker"].verdict is Verdict.FAIL
    assert f"Kafka answers at {SERVERS}" in found["broker"].text
    assert "gives its clients: 10.9.8.7:29092. Set the brokers' advertised.listeners" in (
        found["broker"].text
    )
    assert found["topics, group"].verdict is Verdict.SKIP


async def test_members_are_listed(cluster: Cluster) -> None:
    """The group's line names hosts, and how many workers are more than there are partitions."""
    group = "consumer group notification_worker_group"
    assert (await examined(cluster))[group].text == "members: 0 (no worker is running)"
    cluster.members = [worker_at("10.0.0.1"), worker_at("10.0.0.2")]
    assert (await examined(cluster))[group].text == "members: 2 (10.0.0.1, 10.0.0.2)"
    cluster.members += [worker_at("10.0.0.3")]
    text = (await examined(cluster))[group].text
    assert text.endswith("; 1 of them get nothing new, the topics have fewer partitions")


async def test_a_service_that_shares_the_group_id_is_a_fault(cluster: Cluster) -> None:
    """It is named by what it consumes and where it is."""
    cluster.members = [
        worker_at("10.0.0.1"),
        GroupMember("notifier", "10.0.0.2", ("orders", f"{RETRY}.0s", f"{RETRY}.30s")),
    ]
    finding = (await examined(cluster))["consumer group notification_worker_group"]
    assert finding.verdict is Verdict.FAIL
    assert "(orders at 10.0.0.2) than this service (notifications)" in finding.text
    assert "a group id of its own" in finding.text


async def test_partitions_that_nobody_has_are_a_fault(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's program divides them; the members are named with what they consume."""
    monkeypatch.setattr("app.doctor.group.LOOK_AGAIN", 0.0)
    cluster.members, cluster.starved = [worker_at("10.0.0.1")], True
    finding = (await examined(cluster))["consumer group notification_worker_group"]
    assert finding.verdict is Verdict.FAIL
    assert "2 partitions have nobody" in finding.text
    assert "notification-worker at 10.0.0.1 (notifications" in finding.text


async def test_a_cluster_that_never_had_a_group_is_given_time(cluster: Cluster) -> None:
    """The first question about any group makes the cluster make room for it."""
    cluster.failures = [KafkaUnavailableError("no coordinator")]
    found = await examined(cluster)
    assert found["consumer group notification_worker_group"].verdict is Verdict.OK


async def test_a_group_that_may_not_be_seen_is_a_fault(cluster: Cluster) -> None:
    """A refusal is told at once, with the permission that is missing."""
    cluster.failures = [KafkaRefusedError("not allowed")] * 3
    found = await examined(cluster)
    for subject in ("group", "lag", "deferred"):
        assert found[subject].verdict is Verdict.FAIL
        assert "this user may Describe and Read the group" in found[subject].text


async def test_lag_is_summed_by_topic(cluster: Cluster) -> None:
    """It is from the committed offset, or from where the group would begin, to the log's end."""
    cluster.logs = {
        TopicPartition(SOURCE, 0): range(10, 2000),
        TopicPartition(SOURCE, 1): range(5, 105),
    }
    cluster.offsets = {TopicPartition(SOURCE, 0): Committed(1000)}
    cluster.members = [worker_at("10.0.0.1")]
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
    cluster.offsets = {TopicPartition(SOURCE, 0): Committed(3)}
    assert (await examined(cluster))["lag"].verdict is Verdict.OK


async def test_what_is_deferred_is_no_lag(cluster: Cluster) -> None:
    """It is counted by delay; what is settled above a committed offset is not."""
    cluster.members = [worker_at("10.0.0.1")]
    cluster.logs = {
        TopicPartition(SOURCE, 0): range(3),
        TopicPartition(f"{RETRY}.0s", 0): range(5),
        TopicPartition(f"{RETRY}.30s", 0): range(100, 3000),
        TopicPartition(f"{RETRY}.30s", 1): range(50, 60),
        TopicPartition(f"{RETRY}.2m", 0): range(10, 20),
    }
    cluster.offsets = {
        TopicPartition(SOURCE, 0): Committed(3),
        TopicPartition(f"{RETRY}.0s", 0): Committed(5),
        TopicPartition(f"{RETRY}.30s", 0): Committed(90),
        TopicPartition(f"{RETRY}.2m", 0): Committed(11, Settled(15, (11, 13))),
    }
    found = await examined(cluster)
    assert found["lag"].text == "notifications: 0"
    assert found["deferred"].verdict is Verdict.OK
    assert found["deferred"].text == "0s: 0, 30s: 2,910, 2m: 7, 10m: 0, 1h: 0"


async def test_what_is_deferred_without_a_worker_is_a_fault(cluster: Cluster) -> None:
    """Nobody takes it when it comes due."""
    cluster.logs = {TopicPartition(f"{RETRY}.10m", 0): range(2)}
    found = (await examined(cluster))["deferred"]
    assert found.verdict is Verdict.FAIL
    assert "(0s: 0, 30s: 0, 2m: 0, 10m: 2, 1h: 0). Start one with start-notification" in found.text


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
        options = {"bootstrap_servers": broker.address}
        connection = Connection(broker.address, options, embedded=True)
        host, port = broker.address.split(":")
        async with Survey(connection) as survey:
            assert list(await survey.brokers()) == [(host, int(port))]
            assert await survey.topics([SOURCE]) == {}
            assert await survey.log_ranges([SOURCE]) == {}
            await survey.create([WantedTopic(SOURCE, 4)], None)
            assert await survey.topics([SOURCE]) == {SOURCE: TopicState(4, 1)}
            logs = await survey.log_ranges([SOURCE])
    assert logs == {TopicPartition(SOURCE, number): range(0) for number in range(4)}
