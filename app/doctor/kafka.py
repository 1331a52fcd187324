"""Checks of Kafka: brokers, topics, the group, its lag, deferred notifications."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

from app.configured import connect_to
from app.doctor.clock import check_clock
from app.doctor.findings import (
    PATIENCE,
    Finding,
    Verdict,
    bounded,
    fail,
    ok,
    patiently,
    skip,
)
from app.doctor.group import check_group
from app.doctor.positions import check_positions
from app.doctor.reading import check_reading
from app.doctor.rights import check_rights
from app.doctor.topics import check_own_topics, check_topics, check_unread
from app.doctor.transactions import check_transactions
from app.edges.kafka.connection import Connection
from app.edges.kafka.survey import Survey
from app.edges.probe import listens
from app.policies.books.commit_metadata import Committed
from app.policies.headers.deferral import DELAYS, retry_topics
from app.settings.models import HistorySettings, KafkaSettings, env_name
from app.values.errors import BrokersUnreachableError, SettingsError

_BROKER_REMEDY = (
    f"Check that Kafka runs and that {env_name('kafka.bootstrap_servers')} names it"
    f" ({env_name('kafka.security_protocol')} and the SASL settings if it wants a login)."
)
_TOPIC_REMEDY = "Check the brokers' health, and that this user may Describe its topics."
_GROUP_REMEDY = "Check the brokers' health, and that this user may Describe and Read the group."


async def check_kafka(
    kafka: KafkaSettings,
    survey: Callable[[Connection], Survey] = Survey,
    history: HistorySettings | None = None,
) -> AsyncIterator[Finding]:
    """Yield the findings, one check after the other.

    Args:
        kafka: Settings that name a real broker, not the embedded one.
    """
    async with AsyncExitStack() as stack:
        try:
            cluster = survey(connect_to(kafka))
        except SettingsError as error:
            yield fail("broker", str(error), "Name readable PEM files.")
            return
        reached = await bounded("broker", _brokers(stack, cluster), _BROKER_REMEDY, 2 * PATIENCE)
        for finding in reached:
            yield finding
        if reached[0].verdict is Verdict.FAIL:
            yield skip("topics, group", "not looked at: the broker cannot be reached")
            return
        for subject, check, remedy in (
            ("rights", check_rights(cluster, kafka, history), _TOPIC_REMEDY),
            ("topics", check_topics(cluster, kafka), _TOPIC_REMEDY),
            ("own topics", check_own_topics(cluster, kafka, history), _TOPIC_REMEDY),
            ("reading", check_reading(cluster, kafka), _TOPIC_REMEDY),
            ("unread topics", check_unread(cluster, kafka), _TOPIC_REMEDY),
            ("group", check_group(cluster, kafka), _GROUP_REMEDY),
            ("lag", _lag(cluster, kafka), _GROUP_REMEDY),
            ("offsets", check_positions(cluster, kafka), _GROUP_REMEDY),
            ("transactions", check_transactions(cluster, kafka), _TOPIC_REMEDY),
            ("deferred", _deferred(cluster, kafka), _GROUP_REMEDY),
            ("clock", _clock(cluster, kafka), _TOPIC_REMEDY),
        ):
            for finding in await bounded(subject, check, remedy):
                yield finding


async def _brokers(stack: AsyncExitStack, cluster: Survey) -> list[Finding]:
    try:
        await stack.enter_async_context(cluster)
    except BrokersUnreachableError as error:
        return [fail("broker", str(error), "Kafka itself may be well.")]
    brokers = await cluster.brokers()
    knocks = await asyncio.gather(*(listens(*broker, PATIENCE / 2) for broker in brokers))
    names = [f"{host}:{port}" for host, port in brokers]
    away = [name for name, there in zip(names, knocks, strict=True) if not there]
    found = [ok("broker", ", ".join(names))]
    if away:
        problem = (
            f"the cluster tells its clients to use {', '.join(away)}, and nothing answers there"
        )
        remedy = (
            "Set the brokers' advertised.listeners (KAFKA_ADVERTISED_LISTENERS in Docker) to"
            " addresses that this machine reaches, if they run."
        )
        found.append(fail("broker", problem, remedy))
    return found


async def _hosts(cluster: Survey, kafka: KafkaSettings) -> list[str]:
    """Return the hosts of the group's members; a host may be there twice."""
    group = await patiently(lambda: cluster.group(kafka.group_id))
    return sorted(member.host for member in group.members)


async def _lag(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    hosts = await _hosts(cluster, kafka)
    logs = await cluster.log_ranges(kafka.topics)
    committed = await cluster.committed(kafka.group_id, logs)
    lag = dict.fromkeys(kafka.topics, 0)
    for partition, offsets in logs.items():
        begin = offsets.start if kafka.auto_offset_reset == "earliest" else offsets.stop
        found = committed[partition]
        at = begin if found is None else found.offset
        lag[partition.topic] += max(offsets.stop - at, 0)
    text = ", ".join(f"{topic}: {count:,}" for topic, count in lag.items())
    if any(lag.values()) and not hosts:
        problem = f"records wait and no worker is running ({text})"
        return [fail("lag", problem, "Start one with start-notification-worker.")]
    return [ok("lag", text)]


async def _deferred(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    """Count the records in the retry topics that are not done; those not due yet are no lag."""
    hosts = await _hosts(cluster, kafka)
    topics = retry_topics(kafka.retry_topic)
    logs = await cluster.log_ranges(topics)
    committed = await cluster.committed(kafka.group_id, logs)
    waiting = dict.fromkeys(topics, 0)
    for partition, offsets in logs.items():
        waiting[partition.topic] += unsettled(offsets, committed[partition])
    text = ", ".join(f"{DELAYS[topics[topic]]}: {count:,}" for topic, count in waiting.items())
    if any(waiting.values()) and not hosts:
        problem = f"records wait in the retry topics and no worker is running ({text})"
        return [fail("deferred", problem, "Start one with start-notification-worker.")]
    return [ok("deferred", text)]


async def _clock(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    hosts = await _hosts(cluster, kafka)
    return await check_clock(cluster, kafka, len(hosts))


def unsettled(offsets: range, committed: Committed | None) -> int:
    """Return how many records of a log a group has not settled.

    Args:
        offsets: The offsets in the log; the group begins with the earliest.
        committed: The group's commit, or None.
    """
    if committed is None:
        return len(offsets)
    if committed.settled is None:
        return len(range(max(committed.offset, offsets.start), offsets.stop))
    mark = max(committed.settled.mark, offsets.start)
    return len(range(mark, offsets.stop)) + len(committed.settled.unsettled)
