"""Who is alive, by what workers write of themselves."""

import msgspec

from app.policies.books.fleet import (
    FORGOTTEN_AFTER,
    GONE_AFTER,
    FleetBook,
    taken_back,
    told,
    total,
)
from app.values.fleet import Worker, WorkerStatistics
from app.values.snapshot import Status

ONE = Worker("one:1:0001", "one", 1, Status.RUNNING)
TWO = Worker("two:2:0002", "two", 2, Status.RUNNING)


def book(*words: tuple[tuple[bytes, bytes | None], float]) -> FleetBook:
    """Return a book of what was told, each at its time."""
    made = FleetBook("group")
    for (key, value), at in words:
        made.take(key, value, at)
    return made


def test_who_was_heard_of_lately_is_alive() -> None:
    """Its last word counts, as it was told."""
    changed = msgspec.structs.replace(ONE, paused=True)
    made = book((told("group", ONE), 0.0), (told("group", TWO), 5.0), (told("group", changed), 6.0))
    assert list(made.alive(7.0)) == [changed, TWO]


def test_who_is_silent_is_gone_in_time() -> None:
    """Within the fifteen seconds that are promised, with a second to spare for the way."""
    made = book((told("group", ONE), 100.0))
    assert list(made.alive(100.0 + GONE_AFTER - 0.1)) == [ONE]
    assert list(made.alive(100.0 + GONE_AFTER)) == []
    assert GONE_AFTER <= 14.0


def test_who_takes_its_word_back_is_gone_at_once() -> None:
    """It has stopped."""
    made = book((told("group", ONE), 0.0), (taken_back("group", ONE.id), 1.0))
    assert list(made.alive(1.0)) == []


def test_others_records_and_other_groups_are_none_of_it() -> None:
    """The control topic holds more than workers, and may be shared."""
    made = book(
        (told("another", ONE), 0.0),
        ((b"replayed/0/1", b"{}"), 0.0),
        ((b"clock", None), 0.0),
        ((b"workers/group/one:1:0001", b"not JSON"), 0.0),
        ((b"workers/group/another name", msgspec.json.encode(ONE)), 0.0),
    )
    assert list(made.alive(0.0)) == []
    made.take(None, None, 0.0)
    assert list(made.forgotten(FORGOTTEN_AFTER)) == []


def test_a_later_versions_members_are_passed_over() -> None:
    """And what an earlier one did not tell has its default."""
    key, value = told("group", ONE)
    more = {**msgspec.json.decode(value or b""), "mood": "good"}
    del more["version"]
    made = book(((key, msgspec.json.encode(more)), 0.0))
    assert list(made.alive(0.0)) == [ONE]


def test_who_is_gone_for_long_can_be_tidied_away() -> None:
    """Nobody takes back the word of one that was killed."""
    made = book((told("group", ONE), 0.0), (told("group", TWO), 1.0))
    assert list(made.forgotten(FORGOTTEN_AFTER)) == [ONE.id]


def test_totals_are_sums() -> None:
    """The rate is that of all; what nobody knows is not known; the last message is the latest."""
    one = WorkerStatistics(messages_consumed=10, messages_sent=9, lag=3, in_flight=1)
    two = WorkerStatistics(
        messages_consumed=30, messages_sent=21, last_message_time="2026-01-01T12:00:00+00:00"
    )
    assert total([one, two]) == WorkerStatistics(
        messages_consumed=40,
        messages_sent=30,
        in_flight=1,
        lag=3,
        success_rate=0.75,
        last_message_time="2026-01-01T12:00:00+00:00",
    )
    assert total([]) == WorkerStatistics()
