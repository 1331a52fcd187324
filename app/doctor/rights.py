"""Checks the service's rights: each one that it needs is tried."""

from collections.abc import Iterable

from app.configured import subscription_of
from app.doctor.findings import Finding, fail, ok
from app.edges.kafka.survey import Survey
from app.policies.service.rights import GROUP, needed_rights
from app.settings.models import HistorySettings, KafkaSettings
from app.values.rights import Right


async def check_rights(
    cluster: Survey, kafka: KafkaSettings, history: HistorySettings | None = None
) -> list[Finding]:
    """Try every right, and name those that are missing, by topic and group."""
    wanted = subscription_of(kafka, history)
    own = [topic.name for topic in (*wanted.own_topics(0), *wanted.history)]
    there = await cluster.visible(wanted.topics)
    hidden = await cluster.denied(Right.DESCRIBE, wanted.topics)
    missing = {*wanted.topics} - there.keys() - hidden
    lacking: dict[str, list[Right]] = {}
    for right, topics in needed_rights(wanted.topics, own, wanted.delays, missing).items():
        for topic in await cluster.denied(right, topics):
            lacking.setdefault(topic, []).append(right)
    found = [
        _missing(f"topic {topic}", f"--topic {topic}", rights, kafka)
        for topic, rights in sorted(lacking.items())
    ]
    if closed := await cluster.denied_on_group(GROUP, kafka.group_id):
        group = kafka.group_id
        found.append(_missing(f"consumer group {group}", f"--group {group}", closed, kafka))
    return found or [ok("rights", "this user may do all that the service needs")]


def _missing(subject: str, resource: str, rights: Iterable[Right], kafka: KafkaSettings) -> Finding:
    """Name the rights missing on a topic or group, with the command that allows them."""
    names = [right.value for right in rights]
    user = kafka.sasl_username or "…"
    operations = " ".join(f"--operation {name}" for name in names)
    return fail(
        subject,
        f"this user may not {', '.join(names)} on it",
        f"Allow it: kafka-acls.sh --bootstrap-server … --add --allow-principal User:{user}"
        f" {operations} {resource} (docs/operations.md says what each is for).",
    )
