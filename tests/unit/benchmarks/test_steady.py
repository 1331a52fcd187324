import time

from tests.benchmarks.messages import marks
from tests.benchmarks.steady import Stream

STREAM = Stream(rate=10.0, warm=1.0, measured=2.0, urls=("a", "b", "c"), watched=range(1, 3))


def test_a_stream_lasts_as_long_as_its_rate_takes() -> None:
    """Warming up included."""
    assert (STREAM.seconds, STREAM.sent) == (3.0, 30)


def test_only_what_goes_to_watched_destinations_is_due() -> None:
    """One destination after the other; the first is not watched."""
    assert STREAM.due[:4] == [1, 2, 4, 5]
    assert len(STREAM.due) == 20


def test_a_stream_begins_with_what_is_watched() -> None:
    """Its acceptance tells that the worker is there; then come all others in order."""
    assert STREAM.numbers[:4] == [1, 0, 2, 3]
    assert sorted(STREAM.numbers) == list(range(30))


def test_a_record_carries_the_time_at_which_it_is_made() -> None:
    """So that latencies begin when it is sent."""
    before = time.time_ns() // 1000
    value = STREAM.value(4)
    [(number, sent_at)] = marks(value)
    assert number == 4
    assert before <= sent_at <= time.time_ns() // 1000
    assert b'"webhook_url": "b"' in value
