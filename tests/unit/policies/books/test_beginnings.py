"""Where a group begins with a partition: every case of the table."""

import pytest

from app.policies.books.beginnings import (
    AsSet,
    Beginning,
    FromStart,
    GoOn,
    Restore,
    Why,
    are_different,
    beginning,
)
from app.policies.books.commit_metadata import Committed, Settled
from app.policies.books.saved_commits import FirstVisit, Saved, SavedCommit
from app.values.record import TopicPartition

TOPIC = "notifications"
OLD, NEW = "old-id", "new-id"
PLACE = TopicPartition(TOPIC, 2)
KEPT = SavedCommit(OLD, 70, "", 10.0)


def begun(
    committed: Committed | None = None,
    *,
    topic_id: str | None = OLD,
    kept: SavedCommit | None = None,
    others: bool = False,
    visit: FirstVisit | None = None,
    deferred: bool = False,
) -> Beginning:
    """Return where partition 2 begins.

    Args:
        committed: On Kafka.
        topic_id: Of the topic now.
        kept: Its commit in the control topic.
        others: Whether there are commits of its topic's other partitions there.
        visit: What the topic was at first.
        deferred: Whether it is a retry topic.
    """
    commits = {} if kept is None else {PLACE: kept}
    if others:
        commits[TopicPartition(TOPIC, 0)] = KEPT
    saved = Saved(commits, {} if visit is None else {TOPIC: visit})
    return beginning(PLACE, topic_id, committed, saved, deferred=deferred)


@pytest.mark.parametrize("stamp", [OLD, None])
@pytest.mark.parametrize("deferred", [True, False])
def test_a_commit_counts(stamp: str | None, deferred: bool) -> None:
    """Whatever else is known; one without an id may be another program's."""
    committed = Committed(50, Settled(60, (50,)), topic_id=stamp)
    kept = SavedCommit(NEW, 1, "", 0.0)
    assert begun(committed, kept=kept, deferred=deferred) == GoOn(committed)


def test_a_commit_counts_where_no_ids_are_known() -> None:
    """Brokers before 2.8, or a cluster that was taken back to such."""
    committed = Committed(50, topic_id=OLD)
    assert begun(committed, topic_id=None) == GoOn(committed)


@pytest.mark.parametrize("deferred", [True, False])
def test_a_commit_of_another_topic_counts_for_nothing(deferred: bool) -> None:
    """The topic was made anew."""
    committed = Committed(50, topic_id=OLD)
    assert begun(committed, topic_id=NEW, deferred=deferred) == FromStart(Why.RECREATED)


@pytest.mark.parametrize("deferred", [True, False])
def test_what_kafka_forgot_is_restored_if_the_topic_is_the_same(deferred: bool) -> None:
    """Retry topics, too: what was done there is not sent again."""
    assert begun(kept=KEPT, deferred=deferred) == Restore(KEPT)
    assert begun(kept=KEPT, topic_id=NEW, deferred=deferred) == FromStart(Why.RECREATED)


@pytest.mark.parametrize(("then", "now"), [(None, OLD), (OLD, None), (None, None)])
def test_what_cannot_be_told_apart_is_read_from_its_start(
    then: str | None, now: str | None
) -> None:
    """Rather send again than miss anything."""
    kept = SavedCommit(then, 70, "", 10.0)
    assert begun(kept=kept, topic_id=now) == FromStart(Why.UNCERTAIN)


def test_a_retry_topic_begins_at_its_start() -> None:
    """Everything in it is the group's own."""
    assert begun(deferred=True) == FromStart(Why.DEFERRED)


def test_a_group_that_was_never_here_begins_as_it_is_told() -> None:
    """On each partition by itself: another program may have committed on some of them."""
    assert begun() == AsSet()
    assert begun(topic_id=None) == AsSet()


def test_a_partition_that_was_there_at_first_is_not_one_that_was_added() -> None:
    """Another member had it, and left without a commit."""
    assert begun(visit=FirstVisit(OLD, 3, 0.0), others=True) == AsSet()


@pytest.mark.parametrize("topic_id", [OLD, None])
def test_a_partition_that_was_added_is_read_from_its_start(topic_id: str | None) -> None:
    """Nobody has read it, and it is nobody's choice to leave it out."""
    visit = FirstVisit(OLD, 2, 0.0)
    assert begun(visit=visit, topic_id=topic_id) == FromStart(Why.ADDED)


def test_without_a_first_visit_the_other_partitions_commits_tell() -> None:
    """The first worker of this version found commits everywhere: this partition was not there."""
    assert begun(others=True) == FromStart(Why.ADDED)


def test_a_topic_that_was_made_anew_since_the_first_visit_is_read_from_its_start() -> None:
    """Everything in it was written since."""
    assert begun(visit=FirstVisit(OLD, 8, 0.0), topic_id=NEW) == FromStart(Why.RECREATED)


def test_ids_differ_only_if_both_are_known() -> None:
    """What is not known proves nothing."""
    assert are_different(OLD, NEW)
    assert not any(are_different(*pair) for pair in ((OLD, OLD), (None, NEW), (OLD, None)))
