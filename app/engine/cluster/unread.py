"""Topics that Ginkgo writes notifications to, and that nobody of the group reads.

Its older versions write to ``notifications``, its newer ones to ``ginkgo.notifications``: whoever
updates it without changing this service's settings gets nothing more, and nothing looks wrong.
"""

from collections.abc import Collection, Mapping
from typing import Final

from app.edges.kafka.survey import Survey

ORIGINALS: Final = ("notifications", "ginkgo.notifications")


async def unread_topics(
    cluster: Survey, group_id: str, consumed: Collection[str]
) -> Mapping[str, int]:
    """Return those topics with the number of records that the group has not read.

    Raises:
        KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
    """
    others = set(ORIGINALS).difference(consumed)
    logs = await cluster.log_ranges(await cluster.visible(others))
    if not any(logs.values()):
        return {}
    committed = await cluster.committed(group_id, logs)
    waiting: dict[str, int] = {}
    for partition, offsets in logs.items():
        found = committed[partition]
        start = offsets.start if found is None else max(found.offset, offsets.start)
        waiting[partition.topic] = waiting.get(partition.topic, 0) + len(range(start, offsets.stop))
    members = (await cluster.group(group_id)).members
    read = {topic for member in members for topic in member.topics}
    return {topic: count for topic, count in waiting.items() if count and topic not in read}


def describe_unread(topic: str, count: int) -> tuple[str, str]:
    """Return what is wrong and what to do, each without its full stop."""
    problem = (
        f"nobody of this group reads the topic {topic}, where some versions of Ginkgo write their"
        f" notifications; records there: {count:,}"
    )
    return problem, f"Add {topic} to NOTIFIER_KAFKA__TOPICS if they are meant for this service"
