"""Checks of topics: the consumed ones, and the service's own with the settings they need."""

from collections.abc import Iterable, Iterator, Mapping

from app.edges.kafka.survey import Survey
from app.engine.doctor.findings import Finding, fail, ok, skip
from app.engine.subscription import HEADERS_ROOM, RETRY_RETENTION_MS
from app.policies.deferral import retry_topics
from app.settings.models import KafkaSettings
from app.values.errors import KafkaRefusedError

Config = Mapping[str, str]

_DAY_MS = 86_400_000


async def check_topics(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    """Look whether the consumed topics are there."""
    there = await cluster.topics()
    return [
        ok(f"topic {topic}", f"partitions: {there[topic]}")
        if topic in there
        else _absent(topic, kafka)
        for topic in kafka.topics
    ]


async def check_own_topics(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    """Look at the dead-letter, retry and control topics: the worker mends none that is there."""
    there = await cluster.topics()
    own = (kafka.dead_letter_topic, *retry_topics(kafka.retry_topic), kafka.control_topic)
    known = {*own, *kafka.topics} & there.keys()
    try:
        configs = await cluster.topic_configs(known) if known else {}
    except KafkaRefusedError as error:
        return [skip(f"topic {topic}", f"its settings are not looked at: {error}") for topic in own]
    largest = _largest(configs[topic] for topic in kafka.topics if topic in there)
    found: list[Finding] = []
    for topic in own:
        if topic not in there:
            found.append(_absent(topic, kafka))
        elif faults := [*_faults(topic, configs[topic], kafka, largest)]:
            found += faults
        else:
            text = f"partitions: {there[topic]}; {_kept(configs[topic])}"
            found.append(ok(f"topic {topic}", text))
    return found


def _faults(topic: str, config: Config, kafka: KafkaSettings, largest: int) -> Iterator[Finding]:
    """Find what is wrong with a topic of the service's own; ``largest`` as ``_largest`` has it."""
    if topic == kafka.control_topic:
        yield from _control_faults(topic, config)
        return
    yield from _queue_faults(topic, config, largest)
    delay = retry_topics(kafka.retry_topic).get(topic)
    if delay is not None:
        yield from _retry_faults(topic, config, delay)


def _absent(topic: str, kafka: KafkaSettings) -> Finding:
    return ok(
        f"topic {topic}",
        "is not there, or hidden from this user; the worker creates it at its start"
        f" (partitions: {kafka.partitions})",
    )


def _largest(sources: Iterable[Config]) -> int:
    """Return the largest batch in bytes that any consumed topic takes; 0 where none is there."""
    return max((int(config["max.message.bytes"]) for config in sources), default=0)


def _queue_faults(topic: str, config: Config, largest: int) -> Iterator[Finding]:
    """Find what keeps a topic from taking every record that the consumed topics take."""
    subject = f"topic {topic}"
    if "compact" in config["cleanup.policy"]:
        problem = "it is compacted: records get lost, those without a key are refused"
        yield fail(subject, problem, "Set its cleanup.policy to delete.")
    limit, needed = int(config["max.message.bytes"]), largest + HEADERS_ROOM
    if largest and limit < needed:
        problem = (
            f"its max.message.bytes is {limit}, and the consumed topics take {largest} without"
            " the headers that are added: the largest records do not fit"
        )
        yield fail(subject, problem, f"Set it to {needed}.")


def _retry_faults(topic: str, config: Config, delay: float) -> Iterator[Finding]:
    """Find what keeps a retry topic from holding its records for ``delay`` seconds."""
    subject = f"topic {topic}"
    if (kind := config["message.timestamp.type"]) != "LogAppendTime":
        problem = f"its message.timestamp.type is {kind}: records come due at the wrong time"
        yield fail(subject, problem, "Set it to LogAppendTime.")
    if 0 <= int(config["retention.ms"]) <= delay * 1000:
        problem = f"{_kept(config)}: they may be gone before they are due"
        yield fail(subject, problem, f"Set its retention.ms to {RETRY_RETENTION_MS}.")


def _control_faults(topic: str, config: Config) -> Iterator[Finding]:
    if (kind := config["message.timestamp.type"]) != "LogAppendTime":
        problem = f"its message.timestamp.type is {kind}: workers do not hear the brokers' time"
        yield fail(f"topic {topic}", problem, "Set it to LogAppendTime.")
    if (policy := config["cleanup.policy"]) != "compact":
        problem = f"its cleanup.policy is {policy}: what was replayed is forgotten with time"
        yield fail(f"topic {topic}", problem, "Set it to compact.")


def _kept(config: Config) -> str:
    milliseconds = int(config["retention.ms"])
    if config["cleanup.policy"] == "compact":
        return "compacted"
    if milliseconds < 0:
        return "records are kept for ever"
    if milliseconds < _DAY_MS:
        return f"records are kept for {milliseconds / 60_000:g} minutes"
    days = milliseconds / _DAY_MS
    return f"records are kept for {days:g} day{'' if days == 1 else 's'}"
