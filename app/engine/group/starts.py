"""Where a worker begins with the partitions it is given."""

import logging
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import assert_never

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.consumer import Consumer
from app.edges.kafka.partition_logs import PartitionLogs
from app.edges.kafka.saved_commits import read_saved
from app.engine.cluster.positions import note_recreated
from app.engine.conditions import Conditions
from app.engine.group.subscription import Subscription
from app.engine.inflight.partition import Start
from app.engine.observer import Observer
from app.policies.books.beginnings import AsSet, Beginning, FromStart, GoOn, Restore, Why, beginning
from app.policies.books.commit_metadata import Committed, decode, encode, with_topic_id
from app.policies.books.ledger import Commit
from app.policies.books.saved_commits import Saved
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

Starts = dict[TopicPartition, Start]
Beginnings = Mapping[TopicPartition, Beginning]
Offsets = Mapping[TopicPartition, Committed | None]
Ids = Mapping[str, str | None]

NOTHING_SAVED = Saved({}, {})


async def find_starts(
    connection: Connection,
    subscription: Subscription,
    consumer: Consumer,
    partitions: Collection[TopicPartition],
    observer: Observer,
    conditions: Conditions,
) -> tuple[Starts, dict[TopicPartition, Commit]]:
    """Read what the group has committed; if it has not, decide where to begin.

    Returns:
        Where each partition begins, and what is to be committed before anything of it is taken.

    Raises:
        KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
    """
    if not partitions:
        return {}, {}
    ids = await consumer.logs.topic_ids({each.topic for each in partitions})
    async with Admin(connection) as admin:
        committed = await admin.committed(subscription.group_id, partitions)
    _note_odd(committed, observer)
    saved = NOTHING_SAVED
    if not all(committed.values()):
        saved = await read_saved(connection, subscription.control_topic, subscription.group_id)
    begun = decide(subscription, committed, ids, saved)
    starts = await resolve(subscription, begun, ids, consumer.logs)
    say(begun, observer, conditions)
    fresh = {each: start for each, start in starts.items() if not isinstance(begun[each], GoOn)}
    return starts, commits_of(fresh)


def decide(subscription: Subscription, committed: Offsets, ids: Ids, saved: Saved) -> Beginnings:
    """Decide about each partition that the group has committed for, or has not.

    Args:
        subscription: What is consumed.
        committed: By partition; None without a commit.
        ids: Of the topics as they are now.
        saved: What the control topic knows; not used if there is a commit everywhere.
    """
    return {
        each: beginning(
            each, ids.get(each.topic), found, saved, deferred=each.topic in subscription.delays
        )
        for each, found in committed.items()
    }


async def resolve(
    subscription: Subscription, begun: Beginnings, ids: Ids, logs: PartitionLogs
) -> Starts:
    """Return the offsets at which partitions begin.

    Raises:
        KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
    """
    as_set = [each for each, how in begun.items() if isinstance(how, AsSet)]
    from_start = [each for each, how in begun.items() if isinstance(how, FromStart)]
    at_end = []
    if subscription.start_at_earliest:
        from_start += as_set
    else:
        at_end = as_set
    bounds = await logs.starts(from_start) | await logs.readable_ends(at_end)
    return {each: _start(how, ids.get(each.topic), bounds.get(each)) for each, how in begun.items()}


def _start(how: Beginning, topic_id: str | None, bound: int | None) -> Start:
    match how:
        case GoOn(committed):
            unstamped = committed.topic_id is None and topic_id is not None
            return Start(committed.offset, committed.settled, topic_id, owed=unstamped)
        case Restore(kept):
            return Start(kept.offset, decode(kept.offset, kept.metadata), topic_id)
        case FromStart() | AsSet():
            if bound is None:
                raise ValueError("a bound of the log is missing")
            return Start(bound, topic_id=topic_id)
        case _:
            assert_never(how)


def commits_of(starts: Starts) -> dict[TopicPartition, Commit]:
    """Return what is to be committed so that the next one begins there, too."""
    return {partition: _commit(start) for partition, start in starts.items()}


def _commit(start: Start) -> Commit:
    settled = start.settled
    above = encode(start.offset, settled.mark, settled.unsettled) if settled else ""
    return Commit(start.offset, with_topic_id(above, start.topic_id))


def say(begun: Beginnings, observer: Observer, conditions: Conditions) -> None:
    """Show and count each start that is out of the ordinary."""
    restored: dict[str, list[float]] = {}
    for partition, how in begun.items():
        match how:
            case Restore(kept):
                observer.moved("restored")
                restored.setdefault(partition.topic, []).append(kept.saved_at)
            case FromStart(why):
                _say_why(partition, why, observer, conditions)
            case GoOn() | AsSet():
                pass
            case _:
                assert_never(how)
    for topic, times in restored.items():
        _note_restored(conditions, topic, times)


def _say_why(
    partition: TopicPartition, why: Why, observer: Observer, conditions: Conditions
) -> None:
    match why:
        case Why.RECREATED:
            observer.moved("topic_recreated")
            note_recreated(conditions, partition.topic)
        case Why.UNCERTAIN:
            observer.moved("unknown")
            _note_uncertain(conditions, partition.topic)
        case Why.ADDED:
            log.info("%s/%d was added: it is read from its start", *partition)
        case Why.DEFERRED:
            pass
        case _:
            assert_never(why)


def _note_restored(conditions: Conditions, topic: str, times: list[float]) -> None:
    newest = datetime.fromtimestamp(max(times), UTC).isoformat(timespec="seconds")
    conditions.note(
        "offsets_restored",
        f"Kafka has no offsets of the group any more for {len(times)} partitions of {topic}"
        " (it forgets those of a group that is away for longer than offsets.retention.minutes, or"
        f" somebody deleted them): going on at the commits that the control topic kept, the last"
        f" of {newest}. To start over on purpose: stop all workers, then notifier group reset",
        subject=topic,
    )


def _note_uncertain(conditions: Conditions, topic: str) -> None:
    conditions.note(
        "offsets_forgotten",
        f"Kafka has no offsets of the group any more for {topic}, and these brokers know no topic"
        " ids, so that nobody can tell whether the kept ones are of this topic: it is read from"
        " its beginning, and what was sent before is sent again",
        subject=topic,
    )


def _note_odd(committed: Offsets, observer: Observer) -> None:
    odd = [partition for partition, found in committed.items() if found and found.odd]
    if odd:
        observer.ignored_metadata(len(odd))
        names = ", ".join(f"{topic}/{number}" for topic, number in odd)
        log.warning(
            "the commit metadata of %s is not this service's or corrupt: it is ignored, and what"
            " was settled out of order may be sent again",
            names,
        )
