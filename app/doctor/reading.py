"""Checks whether the worker may and can read the consumed topics."""

from collections import defaultdict

from app.doctor.findings import Finding, fail
from app.edges.kafka.fetch_watch import NOT_ALLOWED
from app.edges.kafka.survey import Survey
from app.engine.cluster.unreadable import reading_remedy, reason_and_remedy
from app.policies.headers.deferral import retry_topics
from app.settings.models import KafkaSettings


async def check_reading(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    """Find partitions that cannot be read; nothing is said if all can."""
    codes = await cluster.unreadable((*kafka.topics, *retry_topics(kafka.retry_topic)))
    numbers: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for (topic, number), code in sorted(codes.items()):
        numbers[topic, code].append(number)
    found = []
    for (topic, code), partitions in numbers.items():
        if code == NOT_ALLOWED:
            problem = "this user may not read it"
            found.append(
                fail(f"topic {topic}", problem, reading_remedy(topic, kafka.sasl_username))
            )
            continue
        reason, remedy = reason_and_remedy(code)
        named = ", ".join(map(str, partitions))
        found.append(
            fail(f"topic {topic}", f"partitions {named}: {reason}", f"To mend it: {remedy}.")
        )
    return found
