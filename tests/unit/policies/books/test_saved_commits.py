"""Saved commits: read back as written, by group, and never believed when they are anything else."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from app.policies.books.ledger import Commit
from app.policies.books.saved_commits import (
    FirstVisit,
    Saved,
    SavedCommit,
    SavedReader,
    commit_entry,
    forgetting,
    visit_entry,
)
from app.values.record import TopicPartition

PLACE = TopicPartition("notifications", 3)
ID = "DWiDARJWTFKGfVWjXs6_NA"


def read(entries: Iterable[tuple[bytes | None, bytes | None]], group_id: str = "group") -> Saved:
    """Return what is known after these records."""
    reader = SavedReader(group_id)
    for entry in entries:
        reader.take(*entry)
    return reader.saved()


def test_the_last_word_counts() -> None:
    """Of each partition and each topic."""
    saved = read(
        [
            commit_entry("group", PLACE, ID, Commit(5, "n1:AQA"), 10.0),
            visit_entry("group", "notifications", ID, 4, 10.0),
            commit_entry("group", PLACE, ID, Commit(9), 20.0),
        ]
    )
    assert saved.commits == {PLACE: SavedCommit(ID, 9, "", 20.0)}
    assert saved.visits == {"notifications": FirstVisit(ID, 4, 10.0)}
    assert saved.knows("notifications")
    assert not saved.knows("elsewhere")


def test_a_topic_is_known_by_its_commits_alone() -> None:
    """Where the first worker found commits everywhere, nothing else was written."""
    saved = read([commit_entry("group", PLACE, None, Commit(9), 20.0)])
    assert saved.knows("notifications")


def test_what_is_forgotten_is_gone() -> None:
    """Of the topics that are meant, and of no others."""
    other = TopicPartition("retry", 0)
    entries = [
        commit_entry("group", PLACE, ID, Commit(5), 10.0),
        commit_entry("group", other, ID, Commit(7), 10.0),
        visit_entry("group", "notifications", ID, 4, 10.0),
    ]
    left = read(entries + forgetting("group", read(entries), ["notifications"]))
    assert (list(left.commits), left.visits) == ([other], {})
    assert not read(entries + forgetting("group", read(entries), ["notifications", "retry"]))


def test_groups_that_share_a_control_topic_do_not_mix() -> None:
    """Whatever stands in their names."""
    entries = [
        commit_entry("a", PLACE, ID, Commit(1), 0.0),
        commit_entry("a/b", PLACE, ID, Commit(2), 0.0),
        visit_entry("b", "notifications", ID, 4, 0.0),
    ]
    assert read(entries, "a/b").commits[PLACE].offset == 2
    assert [each.offset for each in read(entries, "a").commits.values()] == [1]
    assert read(entries, "a").visits == {}


def test_what_cannot_be_read_is_not_known() -> None:
    """Other records of the topic, and what a later version may write."""
    key, _ = commit_entry("group", PLACE, ID, Commit(1), 0.0)
    assert not read([(b"replayed/0/5", b"{}"), (None, b"x"), (b"clock", None)])
    assert not read([commit_entry("group", PLACE, ID, Commit(1), 0.0), (key, b'{"offset": "x"}')])
    assert not read([(key, b'{"metadata": "\xff"}'), (key, b'{"x":' * 3000)])
    assert not read([(b"commits/group/notifications/x", b"{}"), (b"commits/group/3", b"{}")])


@given(st.binary(max_size=40), st.none() | st.binary(max_size=40))
def test_whatever_stands_there_nothing_breaks(rest: bytes, value: bytes | None) -> None:
    """The topic may hold anything."""
    read([(prefix + rest, value) for prefix in (b"commits/group/", b"topics/group/", b"")])
