"""Settings that the group's own topics need, and the faults of those that are there."""

from collections.abc import Iterator, Mapping

from app.policies.headers.deferral import retry_topics
from app.values.topic import TopicFault, TopicState, WantedTopic

HEADERS_ROOM = 65_536
"""Bytes that the service's headers may add to a record."""
RETRY_RETENTION = 7 * 86_400.0
"""Seconds that deferred notifications are kept at least, should every worker be away."""
FOR_EVER = -1

_COMPACTED_SOON = {"segment.ms": 600_000, "min.cleanable.dirty.ratio": 0.1}
"""Workers tell of themselves every few seconds, and the topic is read as a whole: with the brokers'
defaults a segment, which is compacted once it is closed, is a week or a gigabyte of that."""

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


def own_topics(
    *,
    dead_letter_topic: str,
    retry_prefix: str,
    control_topic: str,
    dead_letter_retention: float,
    partitions: int,
    largest: int,
) -> tuple[WantedTopic, ...]:
    """Return the topics that the group writes for itself.

    The broker stamps what is written there: neither when a record comes due nor how long it is kept
    depends on its producer's clock.

    Args:
        retry_prefix: The beginning of the retry topics' names.
        dead_letter_retention: Seconds that dead letters are kept at least.
        largest: Bytes of the largest batch that a consumed topic takes.
    """
    stamped = {"message.timestamp.type": "LogAppendTime"}
    kept: dict[str, str | int] = {
        **stamped,
        "cleanup.policy": "delete",
        "max.message.bytes": largest + HEADERS_ROOM,
        "retention.bytes": FOR_EVER,
    }
    deferred = kept | {"retention.ms": int(RETRY_RETENTION * 1000)}
    return (
        WantedTopic(
            dead_letter_topic,
            partitions,
            kept | {"retention.ms": int(dead_letter_retention * 1000)},
        ),
        *(WantedTopic(topic, partitions, deferred) for topic in retry_topics(retry_prefix)),
        # One partition: what the workers tell each other has an order.
        WantedTopic(control_topic, 1, {**stamped, "cleanup.policy": "compact"}, _COMPACTED_SOON),
    )


def history_topic(name: str, retention: float) -> WantedTopic:
    """Return the topic that the history goes to; work goes on without it.

    Args:
        retention: Seconds that the history is kept at least.
    """
    settings: dict[str, str | int] = {
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "delete",
        "retention.ms": int(retention * 1000),
        "retention.bytes": FOR_EVER,
    }
    return WantedTopic(name, 1, settings)  # one partition: the newest come first


def faults(
    wanted: WantedTopic, state: TopicState, config: Mapping[str, str] | None, replicas: int
) -> Iterator[TopicFault]:
    """Yield the faults of a topic of the group's own.

    Args:
        replicas: Copies that it is to have at least.
    """
    for name, value in wanted.settings.items():
        found = (config or {}).get(name)
        if found is not None and not _will_do(found, value):
            problem = _problem(name, found, wanted)
            yield TopicFault(problem, f"Set its {name} to {value}", (name, str(value)))
    for name, most in wanted.at_most.items():
        found = (config or {}).get(name)
        if found is not None and float(found) > most:
            problem = f"its {name} is {found}: what has been replaced in it is kept for long"
            yield TopicFault(problem, f"Set its {name} to {most}", (name, f"{most}"))
    if state.partitions < wanted.partitions:
        yield TopicFault(
            f"it has {_partitions(state.partitions)}, and NOTIFIER_KAFKA__PARTITIONS is"
            f" {wanted.partitions}: only as many workers can share it as it has partitions",
            f"Add partitions (kafka-topics.sh --alter --topic {wanted.name}"
            f" --partitions {wanted.partitions}), or lower the setting",
        )
    if state.replicas < replicas:
        yield TopicFault(
            f"its records stand on {_brokers(state.replicas)}, and {replicas} are asked for: if"
            " these are lost, so are the records",
            "Give it more replicas (kafka-reassign-partitions.sh)",
        )


def kept_for(config: Mapping[str, str]) -> str:
    """Say in a few words how long a topic keeps its records."""
    if config["cleanup.policy"] == "compact":
        return "compacted"
    milliseconds = int(config["retention.ms"])
    if milliseconds < 0:
        return "records are kept for ever"
    return f"records are kept for {_span(milliseconds)}"


def _will_do(found: str, wanted: str | int) -> bool:
    if isinstance(wanted, str):
        return found == wanted
    least = int(found)
    return least < 0 or (wanted >= 0 and least >= wanted)


def _problem(name: str, found: str, wanted: WantedTopic) -> str:
    """Describe the harm of a wrong value."""
    match name:
        case "cleanup.policy" if wanted.settings[name] == "compact":
            harm = "what the workers keep there expires"
        case "cleanup.policy":
            harm = "records get lost, and those without a key are refused"
        case "message.timestamp.type":
            harm = "due times and retention go by the producers' clocks"
        case "max.message.bytes":
            harm = "the consumed topics' largest records, with added headers, do not fit"
        case "retention.ms":
            needed = _span(int(wanted.settings[name]))
            harm = f"records are kept for {_span(int(found))}, and {needed} are needed"
        case _:
            harm = "records are deleted early if there are many"
    return f"its {name} is {found}: {harm}"


def _span(milliseconds: int) -> str:
    if milliseconds < _HOUR_MS * 2:
        return f"{milliseconds / 60_000:g} minutes"
    if milliseconds < _DAY_MS:
        return f"{milliseconds / _HOUR_MS:g} hours"
    days = milliseconds / _DAY_MS
    return "1 day" if days == 1 else f"{days:g} days"


def _partitions(count: int) -> str:
    return "1 partition" if count == 1 else f"{count} partitions"


def _brokers(count: int) -> str:
    return "1 broker" if count == 1 else f"{count} brokers"
