"""The doctor's look at topics: what the worker makes is fit, and what is wrong is said."""

import pytest

from app.doctor.findings import Finding, Verdict
from app.doctor.topics import check_own_topics, check_topics, check_unread
from app.settings.models import KafkaSettings
from app.values.record import TopicPartition
from app.values.topic import TopicState
from tests.support.survey import (
    CONTROL,
    DEAD,
    OWN,
    RETRY,
    SOURCE,
    Cluster,
    FakeSurvey,
    worker_at,
)

KAFKA = KafkaSettings(bootstrap_servers="kafka.example:9092")
NEWER = "ginkgo.notifications"


@pytest.fixture
async def cluster() -> Cluster:
    """Return a cluster with topics as the worker makes them."""
    return Cluster()


async def examined(cluster: Cluster, kafka: KafkaSettings = KAFKA) -> list[Finding]:
    """Return what is found about all topics."""
    survey = FakeSurvey(cluster)
    checks = (check_topics, check_own_topics, check_unread)
    return [finding for check in checks for finding in await check(survey, kafka)]


async def about(cluster: Cluster, topic: str, kafka: KafkaSettings = KAFKA) -> Finding:
    """Return the only finding about a topic."""
    found = await examined(cluster, kafka)
    [finding] = [each for each in found if each.subject == f"topic {topic}"]
    return finding


async def test_topics_as_the_worker_makes_them_are_fit(cluster: Cluster) -> None:
    """Each shows its partitions, and how long its records are kept."""
    found = await examined(cluster)
    assert [finding.subject for finding in found] == [f"topic {t}" for t in (SOURCE, *OWN)]
    assert {finding.verdict for finding in found} == {Verdict.OK}
    assert (await about(cluster, SOURCE)).text == "partitions: 2"
    assert (await about(cluster, DEAD)).text == "partitions: 12; records are kept for 30 days"
    assert (await about(cluster, f"{RETRY}.2m")).text.endswith("records are kept for 7 days")
    assert (await about(cluster, CONTROL)).text == "partitions: 1; compacted"


async def test_missing_topics_are_the_workers_to_make(cluster: Cluster) -> None:
    """That is no fault as long as nobody runs, or they are the group's own."""
    cluster.states = {}
    found = await examined(cluster)
    assert len(found) == 1 + len(OWN)
    assert {finding.verdict for finding in found} == {Verdict.OK}
    assert "the worker creates it at its start (partitions: 12)" in found[0].text
    cluster.members = [worker_at("10.0.0.1")]
    source, *own = await examined(cluster)
    assert source.verdict is Verdict.FAIL
    assert "although workers of the group run" in source.text
    assert {finding.verdict for finding in own} == {Verdict.OK}
    assert "the worker creates it within seconds" in own[0].text


async def test_a_topic_that_cannot_be_made_is_a_fault(cluster: Cluster) -> None:
    """Kafka is asked whether it would be, and its reason is told with what to do."""
    del cluster.states[DEAD]
    cluster.refused = {DEAD: ("it collides with notifications_dlq", "Give it another name")}
    finding = await about(cluster, DEAD)
    assert finding.verdict is Verdict.FAIL
    assert "cannot be made: it collides with notifications_dlq. Give it another" in finding.text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [("-1", "for ever"), ("864000000000", "for 10000 days")],
)
async def test_how_long_records_are_kept_is_told(
    cluster: Cluster, milliseconds: str, text: str
) -> None:
    """A retention below zero is none."""
    cluster.configs[DEAD]["retention.ms"] = milliseconds
    assert (await about(cluster, DEAD)).text == f"partitions: 12; records are kept {text}"


@pytest.mark.parametrize(
    ("topic", "name", "value", "remedy"),
    [
        (DEAD, "cleanup.policy", "compact,delete", "Set its cleanup.policy to delete"),
        (DEAD, "max.message.bytes", "66535", "Set its max.message.bytes to 66536"),
        (
            DEAD,
            "message.timestamp.type",
            "CreateTime",
            "Set its message.timestamp.type to LogAppendTime",
        ),
        (DEAD, "retention.ms", "7200000", "Set its retention.ms to 2592000000"),
        (f"{RETRY}.1h", "retention.bytes", "1000000", "Set its retention.bytes to -1"),
        (f"{RETRY}.2m", "retention.ms", "120000", "Set its retention.ms to 604800000"),
        (CONTROL, "cleanup.policy", "delete", "Set its cleanup.policy to compact"),
    ],
)
async def test_a_wrong_setting_is_a_fault(
    cluster: Cluster, topic: str, name: str, value: str, remedy: str
) -> None:
    """It is named with what it does, and with the value that is needed."""
    cluster.configs[topic][name] = value
    finding = await about(cluster, topic)
    assert finding.verdict is Verdict.FAIL
    assert f"its {name} is {value}: " in finding.text
    assert finding.text.endswith(f"{remedy}; a worker does it if this user may AlterConfigs.")


async def test_dead_letters_are_kept_for_a_week_at_least(cluster: Cluster) -> None:
    """Also where the service was told to keep them for less."""
    cluster.configs[DEAD]["retention.ms"] = "7200000"
    short = KafkaSettings(bootstrap_servers="kafka.example:9092", dead_letter_retention=7200)
    finding = await about(cluster, DEAD, short)
    assert finding.verdict is Verdict.FAIL
    assert "kept for 2 hours only" in finding.text
    assert "NOTIFIER_KAFKA__DEAD_LETTER_RETENTION" in finding.text


async def test_too_few_partitions_are_a_fault(cluster: Cluster) -> None:
    """Nobody can take partitions away or move records: it is said how to add some."""
    cluster.states[f"{RETRY}.30s"] = TopicState(1, 1)
    finding = await about(cluster, f"{RETRY}.30s")
    assert finding.verdict is Verdict.FAIL
    assert "it has 1 partition, and NOTIFIER_KAFKA__PARTITIONS is 12" in finding.text
    assert f"--alter --topic {RETRY}.30s --partitions 12" in finding.text


async def test_own_topics_are_copied_as_often_as_the_consumed_ones(cluster: Cluster) -> None:
    """A broker that is lost takes no dead letters with it if it takes no notifications."""
    cluster.states[SOURCE] = TopicState(2, 3)
    finding = await about(cluster, DEAD)
    assert finding.verdict is Verdict.FAIL
    assert "its records stand on 1 broker, and 3 are asked for" in finding.text


async def test_settings_that_may_not_be_read_are_a_fault(cluster: Cluster) -> None:
    """Nobody can tell then whether they are right."""
    del cluster.configs[DEAD]
    finding = await about(cluster, DEAD)
    assert finding.verdict is Verdict.FAIL
    assert "Allow it DescribeConfigs on the topic" in finding.text


async def test_records_where_nobody_looks_are_pointed_out(cluster: Cluster) -> None:
    """Newer versions of Ginkgo write to another topic than older ones."""
    cluster.states[NEWER] = TopicState(1, 1)
    cluster.logs = {TopicPartition(NEWER, 0): range(5, 17)}
    finding = await about(cluster, NEWER)
    assert finding.verdict is Verdict.FAIL
    assert f"nobody of this group reads the topic {NEWER}" in finding.text
    assert "records there: 12. Add" in finding.text
    assert f"Add {NEWER} to NOTIFIER_KAFKA__TOPICS" in finding.text
    cluster.members = [worker_at("10.0.0.1", SOURCE, NEWER)]
    assert not [each for each in await examined(cluster) if each.subject == f"topic {NEWER}"]
