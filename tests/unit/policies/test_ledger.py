"""The ledger: a commit never passes an unsettled offset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.ledger import Ledger


def test_commits_the_lowest_unsettled_offset() -> None:
    """A slow offset holds the commit, however much above it is done."""
    ledger = Ledger(start=10)
    for offset in (10, 11, 12):
        ledger.received(offset)
    ledger.settle(11)
    ledger.settle(12)
    assert ledger.to_commit(position=13) is None
    ledger.settle(10)
    assert ledger.to_commit(position=13) == 13
    assert ledger.unsettled == 0


def test_commits_the_position_past_gaps_when_nothing_is_unsettled() -> None:
    """Transaction markers after the last record do not show as lag for ever."""
    ledger = Ledger(start=0)
    ledger.received(0)
    ledger.settle(0)
    assert ledger.to_commit(position=5) == 5
    ledger.acknowledged(5)
    assert ledger.committed == 5
    assert ledger.to_commit(position=5) is None


def test_an_acknowledgement_never_goes_back() -> None:
    """An older commit that is acknowledged late changes nothing."""
    ledger = Ledger(start=0)
    ledger.acknowledged(7)
    ledger.acknowledged(3)
    assert ledger.committed == 7


def test_refuses_offsets_out_of_order_and_double_settlement() -> None:
    """Books that cannot be right are an error, not a guess."""
    ledger = Ledger(start=0)
    ledger.received(4)
    ledger.received(6)
    with pytest.raises(ValueError, match="offset 6 after 6"):
        ledger.received(6)
    ledger.settle(6)
    with pytest.raises(ValueError, match="settled twice"):
        ledger.settle(6)


@given(st.sets(st.integers(0, 60), min_size=1), st.randoms(use_true_random=False))
def test_no_commit_passes_an_unsettled_offset(offsets: set[int], random: object) -> None:
    """Whatever the order of settlement and the gaps, the commit stays at or below the lowest."""
    ledger = Ledger(start=0)
    received = sorted(offsets)
    for offset in received:
        ledger.received(offset)
    order = list(received)
    random.shuffle(order)  # type: ignore[attr-defined]
    unsettled = set(received)
    for offset in order:
        ledger.settle(offset)
        unsettled.discard(offset)
        commit = ledger.to_commit(received[-1] + 1)
        assert ledger.unsettled == len(unsettled)
        if commit is not None:
            assert commit <= min(unsettled, default=received[-1] + 1)
            ledger.acknowledged(commit)
    assert ledger.committed == received[-1] + 1
