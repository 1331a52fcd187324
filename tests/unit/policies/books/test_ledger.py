"""The ledger: a commit never passes an unsettled offset, and says what is settled above it."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.books.commit_metadata import LONGEST, Settled, decode, encode
from app.policies.books.ledger import Commit, Ledger


def received(*offsets: int, start: int = 0) -> Ledger:
    """Return a ledger that has these offsets."""
    ledger = Ledger(start)
    for offset in offsets:
        ledger.received(offset)
    return ledger


def settled_by(commit: Commit | None) -> Settled | None:
    """Return what a commit says about the offsets above it."""
    assert commit is not None
    return decode(commit.offset, commit.metadata)


def test_commits_the_lowest_unsettled_offset() -> None:
    """A slow offset holds the commit; what is done above it stands in the metadata."""
    ledger = received(10, 11, 12, start=10)
    assert ledger.to_commit(position=13) is None
    ledger.settle(11)
    commit = ledger.to_commit(position=13)
    assert commit is not None
    assert commit.offset == 10
    assert settled_by(commit) == Settled(12, (10,))
    ledger.settle(12)
    assert settled_by(ledger.to_commit(position=13)) == Settled(13, (10,))
    ledger.settle(10)
    assert ledger.to_commit(position=13) == Commit(13)
    assert ledger.unsettled == 0


def test_commits_the_position_past_gaps_when_nothing_is_unsettled() -> None:
    """Transaction markers after the last record do not show as lag for ever."""
    ledger = received(0)
    ledger.settle(0)
    assert ledger.to_commit(position=5) == Commit(5)
    ledger.acknowledged(Commit(5))
    assert ledger.committed == 5
    assert ledger.to_commit(position=5) is None


def test_an_acknowledgement_never_goes_back() -> None:
    """An older commit that is acknowledged late changes nothing."""
    ledger = Ledger(0)
    ledger.acknowledged(Commit(7))
    ledger.acknowledged(Commit(3))
    assert ledger.committed == 7


def test_refuses_offsets_out_of_order_and_double_settlement() -> None:
    """Books that cannot be right are an error, not a guess."""
    ledger = received(4, 6)
    with pytest.raises(ValueError, match="offset 6 after 6"):
        ledger.received(6)
    ledger.settle(6)
    with pytest.raises(ValueError, match="settled twice"):
        ledger.settle(6)


def test_passes_over_what_the_metadata_shows_as_settled() -> None:
    """After a restart only what was unsettled is taken, and it stays spoken of until it is."""
    ledger = Ledger(10, Settled(20, (10, 13, 17)))
    assert [offset for offset in range(10, 22) if not ledger.passes_over(offset)] == [
        10, 13, 17, 20, 21,
    ]  # fmt: skip


def test_what_was_not_fetched_yet_stays_unsettled_in_the_next_commit() -> None:
    """A worker that ends before it has read up to the mark leaves the rest as it found it."""
    ledger = Ledger(10, Settled(20, (10, 13, 17)))
    assert not ledger.passes_over(10)
    ledger.received(10)
    ledger.settle(10)
    commit = ledger.to_commit(position=11)
    assert commit is not None
    assert commit.offset == 13
    assert settled_by(commit) == Settled(20, (13, 17))


def test_an_awaited_offset_that_is_no_longer_in_the_log_holds_nothing_up() -> None:
    """Offsets come in rising order: what was passed will not come."""
    ledger = Ledger(10, Settled(20, (10, 13)))
    assert not ledger.passes_over(13)
    ledger.received(13)
    ledger.settle(13)
    assert ledger.to_commit(position=14) == Commit(20)


def test_what_was_known_as_settled_stays_known_once_it_was_passed() -> None:
    """A second restart repeats nothing that the first one did not."""
    ledger = Ledger(10, Settled(20, (10, 13)))
    for offset in range(10, 20):
        if not ledger.passes_over(offset):
            ledger.received(offset)
    ledger.settle(13)
    assert settled_by(ledger.to_commit(position=20)) == Settled(20, (10,))


def test_one_slow_offset_costs_no_more_however_long_it_holds_the_commit() -> None:
    """What is settled above it takes neither memory nor time."""
    ledger = received(0)
    tracemalloc.start()
    for offset in range(1, 100_000):
        ledger.received(offset)
        ledger.settle(offset)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 10_000
    assert settled_by(ledger.to_commit(position=100_000)) == Settled(100_000, (0,))


def test_knows_where_the_next_unsettled_offset_is() -> None:
    """A million settled offsets need not be fetched one by one."""
    ledger = Ledger(10, Settled(1_000_000, (10, 500_000)))
    assert ledger.next_wanted(10) == 10
    assert ledger.next_wanted(11) == 500_000
    assert ledger.next_wanted(500_001) == 1_000_000
    assert ledger.next_wanted(2_000_000) == 2_000_000


def test_is_crowded_when_the_metadata_is_as_long_as_it_may_be() -> None:
    """Then nothing more is taken, until enough is settled."""
    ledger = received(*range(0, 8000, 2))
    for offset in range(2, 8000, 4):
        ledger.settle(offset)
    assert not ledger.crowded
    commit = ledger.to_commit(8000)
    assert commit is not None
    assert len(commit.metadata) < LONGEST
    more = received(*range(8000))
    more.settle(7999)
    assert len((more.to_commit(8000) or Commit(0)).metadata) >= LONGEST
    assert more.crowded
    for offset in range(6000):
        more.settle(offset)
    more.to_commit(8000)
    assert not more.crowded


@given(
    st.sets(st.integers(0, 60), min_size=1),
    st.sets(st.integers(0, 60)),
    st.integers(0, 61),
    st.randoms(use_true_random=False),
)
def test_no_commit_passes_an_unsettled_offset(
    offsets: set[int], known: set[int], mark: int, random: object
) -> None:
    """Whatever the order, the gaps and what was known, everything unsettled comes again."""
    unsettled_before = tuple(sorted(offset for offset in known if offset < mark))
    ledger = Ledger(0, Settled(mark, unsettled_before))
    log = sorted(offsets)
    taken = [offset for offset in log if not ledger.passes_over(offset) and _take(ledger, offset)]
    assert taken == [o for o in log if o >= mark or o in unsettled_before]
    order = list(taken)
    random.shuffle(order)  # type: ignore[attr-defined]
    unsettled = set(taken)
    for offset in order:
        ledger.settle(offset)
        unsettled.discard(offset)
        assert ledger.unsettled == len(unsettled)
        commit = ledger.to_commit(log[-1] + 1)
        if commit is None:
            continue
        ledger.acknowledged(commit)
        again = Ledger(commit.offset, decode(commit.offset, commit.metadata))
        comes_again = {o for o in log if o >= commit.offset and not again.passes_over(o)}
        assert comes_again == unsettled


def _take(ledger: Ledger, offset: int) -> bool:
    ledger.received(offset)
    return True


def test_a_start_that_kafka_does_not_know_is_committed() -> None:
    """Once; then there is nothing to commit until something changes."""
    ledger = Ledger(7, owed=True)
    assert ledger.to_commit(position=7) == Commit(7)
    ledger.acknowledged(Commit(7))
    assert ledger.to_commit(position=7) is None


def test_a_log_that_lost_its_end_takes_the_commit_back() -> None:
    """What is below the cut stays as it was; the lost offsets come anew, and are no others."""
    ledger = received(10, 11, 12, 13, start=10)
    for offset in (10, 12, 13):
        ledger.settle(offset)
    ledger.acknowledged(Commit(11))
    ledger.cut(13)
    assert settled_by(ledger.to_commit(position=13)) == Settled(13, (11,))
    ledger.cut(12)
    commit = ledger.to_commit(position=12)
    assert (commit and commit.offset, settled_by(commit)) == (11, Settled(12, (11,)))
    ledger.received(12)
    assert ledger.unsettled == 2


def test_what_the_log_lost_is_settled_no_longer() -> None:
    """Others settled it; what is written at its offsets from now on is another record's."""
    ledger = Ledger(40, Settled(60, (41, 55)))
    ledger.lower_mark(52)
    assert ledger.last_commit is None
    assert ledger.to_commit(40) == Commit(41, encode(41, 52, [41]))
    assert [ledger.passes_over(offset) for offset in (40, 41, 51, 52)] == [True, False, True, False]


def test_what_was_received_beyond_a_lowered_mark_stays_settled() -> None:
    """It came in after the log had grown again."""
    ledger = Ledger(40, Settled(60, (58,)))
    ledger.received(58)
    ledger.settle(58)
    ledger.lower_mark(52)
    assert ledger.passes_over(58)


def test_a_cut_below_the_commit_commits_anew() -> None:
    """Kafka has an offset that is not there any more: the next start would begin behind the end."""
    ledger = Ledger(900, Settled(950, (900, 940)))
    ledger.cut(855)
    assert ledger.committed == 855
    assert ledger.to_commit(position=855) == Commit(855)
    ledger.received(855)
    assert not ledger.passes_over(856)


@given(
    st.sets(st.integers(0, 60), max_size=30),
    st.sets(st.integers(0, 60), max_size=30),
    st.integers(0, 70),
)
def test_no_commit_passes_what_is_unsettled_after_a_cut(
    offsets: set[int], done: set[int], end: int
) -> None:
    """And none passes the new end."""
    ledger = received(*sorted(offsets))
    for offset in sorted(offsets & done):
        ledger.settle(offset)
    position = max(offsets, default=-1) + 1
    if end > position:
        return
    ledger.cut(end)
    commit = ledger.to_commit(position=end)
    assert commit is not None
    left = [offset for offset in sorted(offsets - done) if offset < end]
    assert commit.offset == (left[0] if left else end)
    settled = settled_by(commit)
    assert settled is None or settled.mark <= end


def test_knows_how_many_offsets_nobody_has_settled() -> None:
    """Of those that were not received: what the metadata calls settled is none."""
    ledger = Ledger(10, Settled(20, (10, 15)))
    assert ledger.unsettled_in(11, 18) == 1
    assert ledger.unsettled_in(10, 25) == 7
    assert Ledger(0).unsettled_in(3, 9) == 6
