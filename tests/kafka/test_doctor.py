"""What the doctor finds on real Kafka, which has settings where the embedded broker has none."""

import pytest

from app.configured import connect_to
from app.doctor.findings import Finding, Verdict
from app.doctor.kafka import check_kafka
from app.edges.kafka.producer import Producer
from app.edges.kafka.topic_admin import TopicAdmin
from app.policies.headers.deferral import retry_topics
from app.settings.models import KafkaSettings
from app.values.topic import WantedTopic
from tests.support.end_to_end import World, world
from tests.support.kafka_cluster import Kafka

__all__ = ["world"]


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


@pytest.fixture
def settings(world: World, broker: str) -> KafkaSettings:
    """The settings of this test's services."""
    return KafkaSettings(
        bootstrap_servers=broker,
        topics=(world.topic,),
        group_id=world.group,
        dead_letter_topic=world.settings["NOTIFIER_KAFKA__DEAD_LETTER_TOPIC"],
        partitions=4,
    )


async def examined(settings: KafkaSettings) -> dict[str, Finding]:
    """Return what the doctor finds, by subject."""
    return {finding.subject: finding async for finding in check_kafka(settings)}


async def test_what_the_worker_makes_is_fit_for_it(world: World, settings: KafkaSettings) -> None:
    """The topics that a start creates have no fault, and what is deferred there is counted."""
    service = await world.service()
    found = await examined(settings)
    assert {each.verdict for each in found.values()} == {Verdict.OK}
    assert found["deferred"].text == "0s: 0, 30s: 0, 2m: 0, 10m: 0, 1h: 0"
    retry = found[f"topic {settings.retry_topic}.2m"]
    assert retry.text == "partitions: 4; records are kept for 7 days"
    assert found[f"topic {settings.control_topic}"].text == "partitions: 1; compacted"
    await service.stop()
    producer = Producer(connect_to(settings))
    try:
        for number in range(3):
            await producer.send(f"{settings.retry_topic}.2m", str(number).encode(), b"{}")
    finally:
        await producer.close()
    found = await examined(settings)
    assert found["lag"].verdict is Verdict.OK
    assert found["deferred"].verdict is Verdict.FAIL
    assert "(0s: 0, 30s: 0, 2m: 3, 10m: 0, 1h: 0)" in found["deferred"].text


async def test_topics_made_by_hand_with_the_usual_settings_are_faults(
    settings: KafkaSettings,
) -> None:
    """Whoever creates them beforehand hears what each of them lacks."""
    own = [settings.dead_letter_topic, *retry_topics(settings.retry_topic), settings.control_topic]
    async with TopicAdmin(connect_to(settings)) as admin:
        await admin.create([WantedTopic(topic, 1) for topic in (*settings.topics, *own)], None)
    found = [finding async for finding in check_kafka(settings)]
    faults = dict.fromkeys(own, "")
    for finding in found:
        if finding.verdict is Verdict.FAIL:
            faults[finding.subject.removeprefix("topic ")] += f"{finding.text}\n"
    for topic in own[:-1]:
        assert "Set its max.message.bytes to 1114124;" in faults[topic]
        assert "--partitions 4)" in faults[topic]
    for topic in own:
        assert "Set its message.timestamp.type to LogAppendTime;" in faults[topic]
    assert "Set its retention.ms to 2592000000;" in faults[settings.dead_letter_topic]
    assert "Set its cleanup.policy to compact;" in faults[settings.control_topic]
