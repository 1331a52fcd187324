"""Checks of Kafka: brokers, topics, the dead-letter topic, the group, its lag."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import TypeVar

from app.edges.kafka.connection import Connection, connect_to
from app.edges.kafka.survey import Survey
from app.edges.probe import listens
from app.engine.doctor.findings import PATIENCE, Finding, Verdict, bounded, fail, ok, skip
from app.settings.models import KafkaSettings, env_name
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, SettingsError

T = TypeVar("T")
Configs = Mapping[str, Mapping[str, str]]

_BROKER_REMEDY = (
    f"Check that Kafka runs and that {env_name('kafka.bootstrap_servers')} names it"
    f" ({env_name('kafka.security_protocol')} and the SASL settings if it wants a login)."
)
_TOPIC_REMEDY = "Check the brokers' health, and that this user may Describe its topics."
_GROUP_REMEDY = "Check the brokers' health, and that this user may Describe and Read the group."
_HEADERS_ROOM = 65_536  # bytes that a dead letter's headers may add to a record
_DAY_MS = 86_400_000
_AGAIN_SECONDS = 0.2


async def check_kafka(
    kafka: KafkaSettings, survey: Callable[[Connection], Survey] = Survey
) -> AsyncIterator[Finding]:
    """Yield what is found, one check after the other.

    Args:
        kafka: Settings that name a real broker, not the embedded one.
        survey: Makes what asks the cluster.
    """
    async with AsyncExitStack() as stack:
        try:
            cluster = survey(connect_to(kafka))
        except SettingsError as error:
            yield fail("broker", str(error), "Name readable PEM files.")
            return
        reached = await bounded("broker", _brokers(stack, cluster), _BROKER_REMEDY)
        for finding in reached:
            yield finding
        if reached[0].verdict is Verdict.FAIL:
            yield skip("topics, group", "not looked at: the broker cannot be reached")
            return
        for subject, check, remedy in (
            ("topics", _topics(cluster, kafka), _TOPIC_REMEDY),
            ("dead letters", _dead_letters(cluster, kafka), _TOPIC_REMEDY),
            ("group", _group(cluster, kafka), _GROUP_REMEDY),
            ("lag", _lag(cluster, kafka), _GROUP_REMEDY),
        ):
            for finding in await bounded(subject, check, remedy):
                yield finding


async def _brokers(stack: AsyncExitStack, cluster: Survey) -> list[Finding]:
    await stack.enter_async_context(cluster)
    brokers = await cluster.brokers()
    knocks = await asyncio.gather(*(listens(*broker, PATIENCE / 2) for broker in brokers))
    names = [f"{host}:{port}" for host, port in brokers]
    away = [name for name, there in zip(names, knocks, strict=True) if not there]
    found = [ok("broker", ", ".join(names))]
    if away:
        problem = f"the cluster names {', '.join(away)}, where nothing answers from here"
        remedy = "The brokers' advertised.listeners are to be addresses that this machine reaches."
        found.append(fail("broker", problem, remedy))
    return found


async def _topics(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    there = await cluster.topics()
    return [
        ok(f"topic {topic}", f"partitions: {there[topic]}")
        if topic in there
        else _absent(topic, kafka)
        for topic in kafka.topics
    ]


def _absent(topic: str, kafka: KafkaSettings) -> Finding:
    return ok(
        f"topic {topic}",
        "is not there, or hidden from this user; the worker creates it at its start"
        f" (partitions: {kafka.partitions})",
    )


async def _dead_letters(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    topic = kafka.dead_letter_topic
    there = await cluster.topics()
    if topic not in there:
        return [_absent(topic, kafka)]
    try:
        configs = await cluster.topic_configs({topic, *kafka.topics} & there.keys())
    except KafkaRefusedError as error:
        return [skip(f"topic {topic}", f"its settings are not looked at: {error}")]
    retention = int(configs[topic]["retention.ms"])
    kept = "for ever" if retention < 0 else f"for {retention / _DAY_MS:g} days"
    text = f"partitions: {there[topic]}; dead letters are kept {kept}"
    return [*_unfit(topic, configs)] or [ok(f"topic {topic}", text)]


def _unfit(topic: str, configs: Configs) -> Iterator[Finding]:
    subject = f"topic {topic}"
    if "compact" in configs[topic]["cleanup.policy"]:
        problem = "it is compacted: dead letters get lost, those without a key are refused"
        yield fail(subject, problem, "Set its cleanup.policy to delete.")
    limits = {name: int(config["max.message.bytes"]) for name, config in configs.items()}
    source = max(limits, key=lambda name: limits[name])
    if limits[topic] < limits[source]:
        problem = (
            f"its max.message.bytes is {limits[topic]}, that of {source} {limits[source]}:"
            " what is too large is dead-lettered without its value"
        )
        yield fail(subject, problem, f"Set it to {limits[source] + _HEADERS_ROOM}.")


async def _group(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    hosts = await _patiently(lambda: cluster.members(kafka.group_id))
    there = await cluster.topics()
    idle = len(hosts) - sum(there.get(topic, 0) for topic in kafka.topics)
    text = f"members: {len(hosts)} ({', '.join(hosts) or 'no worker is running'})"
    if 0 < idle < len(hosts):
        text += f"; {idle} of them have nothing to do, there are fewer partitions"
    return [ok(f"group {kafka.group_id}", text)]


async def _lag(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    hosts = await _patiently(lambda: cluster.members(kafka.group_id))
    logs = await cluster.log_ranges(kafka.topics)
    committed = await cluster.committed(kafka.group_id, logs)
    lag = dict.fromkeys(kafka.topics, 0)
    for partition, offsets in logs.items():
        begin = offsets.start if kafka.auto_offset_reset == "earliest" else offsets.stop
        found = committed[partition]
        lag[partition.topic] += offsets.stop - (begin if found is None else found.offset)
    text = ", ".join(f"{topic}: {count:,}" for topic, count in lag.items())
    if any(lag.values()) and not hosts:
        problem = f"records wait and no worker is running ({text})"
        return [fail("lag", problem, "Start one with start-notification-worker.")]
    return [ok("lag", text)]


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again for a while: a cluster that never had a group has to make room for it first."""
    deadline = asyncio.get_running_loop().time() + PATIENCE - 1
    while True:
        try:
            return await ask()
        except KafkaUnavailableError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(_AGAIN_SECONDS)
