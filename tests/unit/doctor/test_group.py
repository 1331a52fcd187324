"""The doctor's look at the group: who is in it that should not be, and who cannot join."""

import pytest

from app.doctor.findings import Finding, Verdict
from app.doctor.group import check_group
from app.policies.headers.deferral import retry_topics
from app.settings.models import KafkaSettings
from app.values.group import Group, GroupMember
from tests.support.survey import RETRY, SOURCE, Cluster, FakeSurvey, worker_at

KAFKA = KafkaSettings()
OTHER = GroupMember("rdkafka", "10.0.0.9", (SOURCE,))


async def found(cluster: Cluster) -> Finding:
    """Return the only finding."""
    [finding] = await check_group(FakeSurvey(cluster), KAFKA)
    return finding


async def test_workers_of_one_kind_are_no_fault() -> None:
    """Retry topics are read by all of them; one that is just joining shows no topics."""
    joining = GroupMember("notification-worker", "10.0.0.2", ())
    cluster = Cluster(members=[worker_at("10.0.0.1", SOURCE, *retry_topics(RETRY)), joining])
    finding = await found(cluster)
    assert (finding.verdict, finding.text) == (Verdict.OK, "members: 2 (10.0.0.1, 10.0.0.2)")


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (Group("consumer", "range"), "by range, and a worker is turned away unless all of them"),
        (Group("consumer", "uniform", by_brokers=True), "rdkafka at 10.0.0.9"),
        (Group("consumer", "roundrobin"), "what they take is not delivered here"),
    ],
)
async def test_other_programs_are_named(group: Group, words: str) -> None:
    """Whatever protocol they use; only a classic group can turn a worker away for its assignor."""
    finding = await found(Cluster(members=[worker_at("10.0.0.1"), OTHER], group=group))
    assert finding.verdict is Verdict.FAIL
    assert words in finding.text
    assert ("turned away" in finding.text) is (group.assignor == "range")
    assert "give this service a group id of its own (NOTIFIER_KAFKA__GROUP_ID)" in finding.text


async def test_a_group_of_another_kind_cannot_be_joined() -> None:
    """Such as that of a Kafka Connect cluster."""
    finding = await found(Cluster(members=[OTHER], group=Group("connect")))
    assert finding.verdict is Verdict.FAIL
    assert "a group of the kind connect: no consumer can join it" in finding.text


@pytest.mark.parametrize("topics", [("orders",), (SOURCE, "orders")])
async def test_workers_that_consume_other_topics_are_named(topics: tuple[str, ...]) -> None:
    """They share the retry topics with these."""
    worker = worker_at("10.0.0.3", *topics, *retry_topics(RETRY))
    finding = await found(Cluster(members=[worker]))
    assert finding.verdict is Verdict.FAIL
    assert "orders at 10.0.0.3) than this service (notifications)" in finding.text


async def test_a_full_group_is_a_fault() -> None:
    """The next worker would be turned away."""
    cluster = Cluster(members=[worker_at("10.0.0.1")], limit=2)
    assert (await found(cluster)).verdict is Verdict.OK
    cluster.members.append(worker_at("10.0.0.2"))
    finding = await found(cluster)
    assert finding.verdict is Verdict.FAIL
    assert "allow 2 members (group.max.size)" in finding.text
