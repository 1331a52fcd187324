import pytest

from app.engine.doctor.findings import Finding, Verdict
from app.engine.doctor.topics import check_own_topics, check_topics
from app.settings.models import KafkaSettings
from app.values.errors import KafkaRefusedError
from tests.support.survey import CONTROL, DEAD, NEEDED, RETRY, SOURCE, Cluster, FakeSurvey

KAFKA = KafkaSettings(bootstrap_servers="kafka.example:9092")


@pytest.fixture
async def cluster() -> Cluster:
    """Return a cluster with topics as the worker makes them."""
    return Cluster()


async def examined(cluster: Cluster) -> list[Finding]:
    """Return what is found about all topics."""
    survey = FakeSurvey(cluster)
    return [*await check_topics(survey, KAFKA), *await check_own_topics(survey, KAFKA)]


async def about(cluster: Cluster, topic: str) -> Finding:
    """Return the only finding about a topic."""
    [finding] = [each for each in await examined(cluster) if each.subject == f"topic {topic}"]
    return finding


async def test_topics_as_the_worker_makes_them_are_fit(cluster: Cluster) -> None:
    """Each shows its partitions, and how long its records are kept."""
    found = await examined(cluster)
    assert [finding.subject for finding in found] == [f"topic {t}" for t in (SOURCE, *NEEDED)]
    assert {finding.verdict for finding in found} == {Verdict.OK}
    assert (await about(cluster, SOURCE)).text == "partitions: 2"
    kept = "partitions: 3; records are kept for 7 days"
    assert {(await about(cluster, topic)).text for topic in (DEAD, f"{RETRY}.2m")} == {kept}
    assert (await about(cluster, CONTROL)).text == "partitions: 3; compacted"


async def test_missing_topics_are_the_workers_to_make(cluster: Cluster) -> None:
    """That is no fault; nothing is asked about settings then."""
    cluster.partitions = {}
    cluster.config_failure = KafkaRefusedError("asked all the same")
    found = await examined(cluster)
    assert len(found) == 8
    for finding in found:
        assert finding.verdict is Verdict.OK
        assert "the worker creates it at its start (partitions: 12)" in finding.text


async def test_own_topics_are_looked_at_before_the_consumed_one_is_there(cluster: Cluster) -> None:
    """There is no limit to compare theirs with yet."""
    del cluster.partitions[SOURCE]
    cluster.configs[DEAD]["max.message.bytes"] = "1"
    assert (await about(cluster, DEAD)).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [("-1", "for ever"), ("3600000", "for 60 minutes"), ("86400000", "for 1 day")],
)
async def test_how_long_records_are_kept_is_told(
    cluster: Cluster, milliseconds: str, text: str
) -> None:
    """A retention below zero is none."""
    cluster.configs[DEAD]["retention.ms"] = milliseconds
    assert (await about(cluster, DEAD)).text == f"partitions: 3; records are kept {text}"


@pytest.mark.parametrize("topic", [DEAD, f"{RETRY}.0s", f"{RETRY}.10m"])
@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("cleanup.policy", "compact,delete", "Set its cleanup.policy to delete."),
        ("max.message.bytes", "66535", "Set it to 66536."),
    ],
)
async def test_a_topic_that_cannot_take_everything_is_a_fault(
    cluster: Cluster, topic: str, name: str, value: str, remedy: str
) -> None:
    """Compaction loses records; too small a limit has no room for the largest and its headers."""
    cluster.configs[topic][name] = value
    finding = await about(cluster, topic)
    assert finding.verdict is Verdict.FAIL
    assert finding.text.endswith(remedy)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("message.timestamp.type", "CreateTime", "Set it to LogAppendTime."),
        ("retention.ms", "120000", "Set its retention.ms to 604800000."),
    ],
)
async def test_a_retry_topic_that_does_not_hold_its_records_is_a_fault(
    cluster: Cluster, name: str, value: str, remedy: str
) -> None:
    """They come due by the broker's clock, and are to be there then."""
    cluster.configs[f"{RETRY}.2m"][name] = value
    finding = await about(cluster, f"{RETRY}.2m")
    assert finding.verdict is Verdict.FAIL
    assert finding.text.endswith(remedy)


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
async def test_a_control_topic_that_forgets_is_a_fault(cluster: Cluster, policy: str) -> None:
    """Marks of what was replayed are kept for ever."""
    cluster.configs[CONTROL]["cleanup.policy"] = policy
    finding = await about(cluster, CONTROL)
    assert finding.verdict is Verdict.FAIL
    assert finding.text.endswith("Set it to compact.")


async def test_settings_that_may_not_be_read_are_no_fault(cluster: Cluster) -> None:
    """The worker does not need that permission."""
    cluster.config_failure = KafkaRefusedError("not allowed")
    for topic in NEEDED:
        finding = await about(cluster, topic)
        assert finding.verdict is Verdict.SKIP
        assert finding.text.endswith("not allowed")
