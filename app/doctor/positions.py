"""Checks whether the group's offsets lie inside its logs."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from app.doctor.findings import Finding, fail, ok
from app.edges.kafka.survey import Survey
from app.policies.books.beginnings import are_different
from app.policies.books.commit_metadata import Committed
from app.policies.books.saved_commits import Saved
from app.policies.headers.deferral import retry_topics
from app.settings.models import KafkaSettings
from app.values.record import TopicPartition

_SUBJECT = "offsets"
_KEEP = "Let the topic keep its records for longer than any outage (retention.ms), or add workers."
_LOST = (
    "Ask the producers whether they still have what they wrote last. The worker goes on at the new"
    " end."
)

Offsets = Mapping[TopicPartition, Committed | None]


async def check_positions(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    """Compare the group's commits with the logs; yield nothing if all is well."""
    logs = await cluster.log_ranges(kafka.topics)
    committed = await cluster.committed(kafka.group_id, logs)
    ids = await cluster.topic_ids(kafka.topics)
    found = [*_recreated(committed, ids), *_outside(committed, ids, logs)]
    if not any(committed.values()) and logs:
        saved = await cluster.saved(kafka.control_topic, kafka.group_id)
        deferred = await cluster.log_ranges([*retry_topics(kafka.retry_topic)])
        found += _forgotten(kafka, saved, was_here=any(each.stop for each in deferred.values()))
    return found


def _recreated(committed: Offsets, ids: Mapping[str, str | None]) -> Iterator[Finding]:
    topics = {
        each.topic
        for each, found in committed.items()
        if found and are_different(found.topic_id, ids.get(each.topic))
    }
    for topic in sorted(topics):
        text = f"{topic} was recreated since the last commit: it is read from its beginning"
        yield ok(_SUBJECT, text)


def _outside(
    committed: Offsets, ids: Mapping[str, str | None], logs: Mapping[TopicPartition, range]
) -> Iterator[Finding]:
    """Find offsets that are in no log any more."""
    for partition, found in committed.items():
        if found is None or are_different(found.topic_id, ids.get(partition.topic)):
            continue
        log, name = logs[partition], f"{partition.topic}/{partition.partition}"
        if found.offset > log.stop:
            problem = (
                f"{name}: the log ends at {log.stop}, before the committed offset {found.offset}:"
                " Kafka has lost its end (an unclean election, a broker that lost power)"
            )
            yield fail(_SUBJECT, problem, _LOST)
        elif found.offset < log.start:
            gone = log.start - found.offset
            problem = f"{name}: {gone:,} offsets were deleted before they were read"
            yield fail(_SUBJECT, problem, _KEEP)


def _forgotten(kafka: KafkaSettings, saved: Saved, *, was_here: bool) -> Iterable[Finding]:
    """Say where the group will begin, if Kafka has no offsets of it."""
    times = [each.saved_at for at, each in saved.commits.items() if at.topic in kafka.topics]
    if times:
        newest = datetime.fromtimestamp(max(times), UTC).isoformat(timespec="seconds")
        text = (
            "Kafka has forgotten the group's; the next worker goes on at those that"
            f" {kafka.control_topic} keeps, the last of {newest}. To start over on purpose:"
            " notifier group reset"
        )
        yield ok(_SUBJECT, text)
    elif was_here:
        problem = (
            f"neither Kafka nor {kafka.control_topic} knows how far the group has got, although it"
            " was here before: its next worker waits for a minute, and begins at the"
            f" {kafka.auto_offset_reset}"
        )
        remedy = "To begin elsewhere, set its offsets: kafka-consumer-groups.sh --reset-offsets"
        yield fail(_SUBJECT, problem, remedy)
