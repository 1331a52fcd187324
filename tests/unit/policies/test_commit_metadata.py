"""Commit metadata: read back as written, and never believed when it is anything else."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.commit_metadata import LONGEST, Settled, decode, encode


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
