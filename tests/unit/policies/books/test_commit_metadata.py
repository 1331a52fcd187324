"""Commit metadata: read back as written, and never believed when it is anything else."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.books.commit_metadata import (
    LONGEST,
    Committed,
    Settled,
    decode,
    encode,
    read_commit,
    split_topic_id,
    with_topic_id,
)

ID = "DWiDARJWTFKGfVWjXs6_NA"


@given(
    st.integers(0, 2**62),
    st.sets(st.integers(0, 10_000), max_size=200),
    st.integers(1, 20_000),
)
def test_reads_what_it_wrote(committed: int, gaps: set[int], span: int) -> None:
    """Mark and offsets come back, wherever the log stands."""
    mark = committed + span
    unsettled = tuple(committed + gap for gap in sorted(gaps) if gap < span)
    assert decode(committed, encode(committed, mark, unsettled)) == Settled(mark, unsettled)


def test_says_nothing_where_there_is_nothing_to_say() -> None:
    """Without anything settled above the commit, the metadata is empty."""
    assert encode(10, 10, []) == ""
    assert decode(10, "") is None
    assert decode(10, None) is None


def test_a_thousand_unsettled_over_a_million_fit() -> None:
    """As many as the usual window holds, spread over a million offsets, are no problem."""
    chance = random.Random(1)
    unsettled = sorted(chance.sample(range(1_000_000), 1000))
    assert len(encode(0, 1_000_000, unsettled)) < LONGEST * 0.7


@pytest.mark.parametrize(
    "metadata",
    [
        "somebody else's",
        "n1:",
        "n1:====",
        "n1:!!!",
        "n1:gA",  # a number that is cut off
        "n1:" + "gICAgICAgICAgICAgICA" * 3,  # a number without end
        "n1:AAA",  # a mark at the commit, and an offset below it
        "n1:BQUB",  # an offset at the mark
        "n1:BQEAAQ",  # the same offset twice
        "n2:BQE",
    ],
)
def test_what_is_corrupt_or_unknown_is_not_believed(metadata: str) -> None:
    """Everything above the commit comes again then: repeats, never losses."""
    assert decode(0, metadata) is None


@given(st.text(max_size=30), st.integers(0, 100))
def test_whatever_the_text_nothing_breaks(text: str, committed: int) -> None:
    """What is read is always possible."""
    settled = decode(committed, "n1:" + text)
    if settled is not None:
        assert list(settled.unsettled) == sorted(set(settled.unsettled))
        assert all(committed <= offset < settled.mark for offset in settled.unsettled)


def test_a_commit_says_of_which_topic_it_is() -> None:
    """With something settled above it or not; where brokers know no ids, it is as before."""
    above = encode(1, 9, [1, 4])
    assert read_commit(1, with_topic_id(above, ID)) == Committed(1, Settled(9, (1, 4)), topic_id=ID)
    assert read_commit(1, with_topic_id("", ID)) == Committed(1, topic_id=ID)
    assert with_topic_id(above, None) == above
    assert read_commit(1, above) == Committed(1, Settled(9, (1, 4)))


def test_the_longest_metadata_is_taken_with_an_id() -> None:
    """Brokers take 4,096 characters."""
    assert len(with_topic_id("n1:" + "x" * (LONGEST - 3), ID)) <= 4096


@pytest.mark.parametrize("metadata", ["n1:;short", "somebody else's;" + ID, f"n1:!!;{ID}", "n1:"])
def test_what_is_not_ours_is_odd(metadata: str) -> None:
    """It is ignored and counted; an id that can be read is believed all the same."""
    committed = read_commit(5, metadata)
    assert committed is not None
    assert (committed.odd, committed.settled) == (True, None)


def test_no_commit_is_none() -> None:
    """Kafka's offset for that is -1."""
    assert read_commit(-1, "") is None
    assert read_commit(0, None) == Committed(0)


@given(st.text(max_size=40))
def test_whatever_stands_there_it_is_split(text: str) -> None:
    """Nothing breaks, and nothing gets lost."""
    rest, topic_id = split_topic_id(text)
    assert topic_id is None or with_topic_id(rest, topic_id) == text
    assert topic_id is not None or rest == text
