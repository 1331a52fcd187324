from array import array

from tests.benchmarks.accepted import Accepted, count, settled


def accepted(*rows: tuple[int, int, int, int]) -> Accepted:
    """Make a sink's log: number, sent at, accepted at, destination."""
    return Accepted(array("q", [cell for row in rows for cell in row]))


def of_numbers(*numbers: int) -> Accepted:
    """Make a log of which only the numbers matter."""
    return accepted(*((number, 0, 0, 0) for number in numbers))


def test_everything_arrived_once() -> None:
    """In whatever order: nothing is missing, nothing is wrong."""
    counted = count(of_numbers(2, 0, 1), sent=3, due=range(3))
    assert (counted.missing, counted.repeats, counted.strangers) == ((), 0, 0)
    assert counted.fault is None


def test_missing_ones_are_found_and_named() -> None:
    """A repeat does not stand in for what is missing."""
    counted = count(of_numbers(0, 0, 3), sent=4, due=range(4))
    assert counted.missing == (1, 2)
    assert counted.fault == "2 of 4 are missing (1, 2)"


def test_many_missing_ones_are_counted_and_the_first_named() -> None:
    """A thousand of them stay one line."""
    assert count(of_numbers(), sent=1000, due=range(1000)).fault == (
        "1000 of 1000 are missing (0, 1, 2, 3, 4, …)"
    )


def test_repeats_are_counted_and_no_fault() -> None:
    """At least once allows them."""
    counted = count(of_numbers(0, 1, 1, 1, 0), sent=2, due=range(2))
    assert counted.repeats == 3
    assert counted.fault is None


def test_only_what_is_due_can_be_missing() -> None:
    """What was not committed may have been accepted or not."""
    assert count(of_numbers(0, 5), sent=9, due=[0]).fault is None
    assert count(of_numbers(5), sent=9, due=[0]).missing == (0,)


def test_a_number_that_was_never_sent_is_a_fault() -> None:
    """Another run's notifications in the count are noticed."""
    assert count(of_numbers(0, 7), sent=1, due=range(1)).fault == (
        "1 were accepted that nobody sent"
    )


def test_latencies_are_those_of_first_acceptances() -> None:
    """A repeat, another destination and what was sent while warming up do not count."""
    log = accepted(
        (0, 1_000_000, 1_500_000, 1),
        (1, 2_000_000, 2_010_000, 1),
        (1, 2_000_000, 9_000_000, 1),
        (2, 2_000_000, 3_000_000, 4),
    )
    assert log.latencies({1}, since=2_000_000) == [0.01]
    assert log.latencies({1, 4}) == [0.5, 0.01, 1.0]


def test_what_is_below_the_commit_is_settled() -> None:
    """Number n is record n // partitions of partition n % partitions."""
    assert settled({0: 2, 1: 0, 2: 1}, sent=9, partitions=3) == [0, 2, 3]


def test_a_partition_without_a_commit_has_nothing_settled() -> None:
    """Nothing is due there; a commit past the end ends with what was sent."""
    assert settled({1: 99}, sent=5, partitions=2) == [1, 3]
