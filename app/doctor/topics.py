"""Checks of topics: the consumed ones, and the group's own with the settings they need."""

from collections.abc import Iterator, Mapping

from app.configured import subscription_of
from app.doctor.findings import Finding, fail, ok, patiently, skip
from app.edges.kafka.survey import Survey
from app.engine.cluster.topics import find_faults
from app.engine.cluster.unread import describe_unread, unread_topics
from app.policies.service.own_topics import kept_for
from app.settings.models import HistorySettings, KafkaSettings, env_name
from app.values.rights import Right
from app.values.topic import TopicFault, TopicState, WantedTopic

LEAST_RETENTION = 7 * 86_400_000
"""Milliseconds that dead letters are kept at least: somebody has to get round to them."""


async def check_topics(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    """Look whether the consumed topics are there, or else can be made."""
    sources = subscription_of(kafka).sources
    there = await cluster.visible(kafka.topics)
    found = [ok(f"topic {name}", f"partitions: {each.partitions}") for name, each in there.items()]
    missing = [topic for topic in sources if topic.name not in there]
    return found + await _absent(cluster, kafka, missing, made_while_running=False)


async def check_own_topics(
    cluster: Survey, kafka: KafkaSettings, history: HistorySettings | None = None
) -> list[Finding]:
    """Look at the group's own topics as the worker does, which repairs them if it may."""
    wanted = subscription_of(kafka, history)
    largest = await cluster.largest_record(kafka.topics)
    own = (*wanted.own_topics(largest), *wanted.history)
    there = await cluster.visible([topic.name for topic in own])
    faults = await find_faults(cluster, wanted, own)
    configs = await cluster.topic_configs(there)
    found: list[Finding] = []
    for topic in own:
        if topic.name in there:
            state, config = there[topic.name], configs.get(topic.name)
            found += _own(topic, state, config, faults[topic.name], kafka)
    missing = [topic for topic in own if topic.name not in there]
    return found + await _absent(cluster, kafka, missing, made_while_running=True)


async def check_unread(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    """Look for records in the topics that Ginkgo writes to and the group does not read."""
    unread = await unread_topics(cluster, kafka.group_id, kafka.topics)
    return [
        fail(f"topic {topic}", *describe_unread(topic, count)) for topic, count in unread.items()
    ]


def _own(
    topic: WantedTopic,
    state: TopicState,
    config: Mapping[str, str] | None,
    faults: list[TopicFault],
    kafka: KafkaSettings,
) -> Iterator[Finding]:
    """Name the faults of a topic, or say that it has none."""
    subject = f"topic {topic.name}"
    for fault in faults:
        itself = "a worker does it if this user may AlterConfigs"
        remedy = f"{fault.remedy}; {itself}" if fault.altered else fault.remedy
        yield fail(subject, fault.problem, f"{remedy}.")
    if faults or config is None:
        return
    retention = int(config["retention.ms"])
    if topic.name == kafka.dead_letter_topic and 0 <= retention < LEAST_RETENTION:
        problem = f"{kept_for(config)} only: dead letters are gone before somebody looks at them"
        yield fail(subject, problem, f"Raise {env_name('kafka.dead_letter_retention')}.")
    else:
        yield ok(subject, f"partitions: {state.partitions}; {kept_for(config)}")


async def _absent(
    cluster: Survey, kafka: KafkaSettings, missing: list[WantedTopic], *, made_while_running: bool
) -> list[Finding]:
    """Tell of topics that are not there: who makes them, or why that is impossible."""
    if not missing:
        return []
    hidden = await cluster.denied(Right.DESCRIBE, [topic.name for topic in missing])
    refused = await cluster.refusals(missing, kafka.replication_factor, validate_only=True)
    running = bool((await patiently(lambda: cluster.group(kafka.group_id))).members)
    found = []
    for topic in missing:
        subject = f"topic {topic.name}"
        if topic.name in hidden:
            found.append(skip(subject, "is not there, or hidden from this user"))
        elif topic.name in refused:
            problem, remedy = refused[topic.name]
            found.append(fail(subject, f"is not there, and cannot be made: {problem}", remedy))
        elif running and not made_while_running:
            remedy = "Create it again, or restart the workers: they create it at their start."
            found.append(fail(subject, "is not there, although workers of the group run", remedy))
        else:
            when = "within seconds" if running else "at its start"
            text = f"is not there; the worker creates it {when} (partitions: {topic.partitions})"
            found.append(ok(subject, text))
    return found
