"""What the doctor says of topics that cannot be read."""

from app.doctor.findings import Verdict
from app.doctor.reading import check_reading
from app.settings.models import KafkaSettings
from app.values.record import TopicPartition
from tests.support.survey import RETRY, SOURCE, Cluster, FakeSurvey

KAFKA = KafkaSettings(bootstrap_servers="kafka:9092", sasl_username="worker")
NO_LEADER, NOT_ALLOWED = 5, 29


async def test_nothing_is_said_if_everything_can_be_read() -> None:
    """As of anything that has no fault."""
    assert await check_reading(FakeSurvey(Cluster()), KAFKA) == []


async def test_a_topic_that_may_not_be_read_is_a_fault_with_its_remedy() -> None:
    """Once for the topic, however many partitions it has."""
    codes = {TopicPartition(SOURCE, number): NOT_ALLOWED for number in range(3)}
    [finding] = await check_reading(FakeSurvey(Cluster(unreadable=codes)), KAFKA)
    assert (finding.verdict, finding.subject) == (Verdict.FAIL, f"topic {SOURCE}")
    assert "may not read it" in finding.text
    assert "--allow-principal User:worker --operation Read" in finding.text


async def test_partitions_without_a_leader_are_named() -> None:
    """Those of the retry topics, too."""
    codes = {TopicPartition(f"{RETRY}.30s", number): NO_LEADER for number in (0, 2)}
    [finding] = await check_reading(FakeSurvey(Cluster(unreadable=codes)), KAFKA)
    assert finding.text.startswith("partitions 0, 2: no broker leads it. ")
    assert "start the brokers" in finding.text
