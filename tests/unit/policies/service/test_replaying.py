"""Which dead letters are replayed, and as what."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.policies.headers.dead_letters import (
    MOST_TARGETS,
    DeadLetterNote,
    dead_letter_headers,
    without_value,
)
from app.policies.headers.records import TargetMark, here
from app.policies.service.replaying import (
    Fate,
    Judge,
    as_deferral,
    identity_of,
    mark_key,
    mark_value,
    read_mark,
    read_place,
)
from app.values.outcome import Reason
from app.values.record import Record, TopicPartition
from app.values.replay import Place, ReplayMark, Selection

HOOK = TargetMark("webhook", "https://hooks.example/***", "1" * 16)
ALL = Selection()
OURS = frozenset({"notifications", "dlq"})
MAIL = TargetMark("email", "a@example.com", "2" * 16)


def letter(
    offset: int = 0,
    *,
    origin: int = 7,
    topic: str = "notifications",
    reason: Reason = Reason.EXHAUSTED,
    group: str = "group",
    failed: tuple[TargetMark, ...] = (HOOK,),
    replays: int = 0,
    timestamp: float = 1000.0,
    published: float = 1.0,
    key: bytes | None = b"k",
    value: bytes = b'{"message_id": "order-1", "content": "x"}',
) -> Record:
    """Return a dead letter at an offset, of the record at another one."""
    source = Record(TopicPartition(topic, 0), origin, published, key, value)
    note = DeadLetterNote(
        reason,
        "it failed",
        here(source),
        failed=failed,
        delivered=(MAIL,),
        group=group,
        replays=replays,
    )
    headers = dead_letter_headers(source, note)
    return Record(TopicPartition("dlq", 3), offset, timestamp, key, value, headers)


def judge(selection: Selection = ALL, marks: Mapping[Place, ReplayMark] | None = None) -> Judge:
    """Return a judge for whom nothing has expired."""
    return Judge(selection, "group", OURS, marks or {}, lambda _: False)


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        (Selection(), True),
        (Selection(places=frozenset({(3, 0)})), True),
        (Selection(places=frozenset({(3, 1), (0, 0)})), False),
        (Selection(reason=Reason.EXHAUSTED), True),
        (Selection(reason=Reason.INVALID), False),
        (Selection(since=1000.0, until=1000.1), True),
        (Selection(since=1000.1), False),
        (Selection(until=1000.0), False),
        (Selection(query="ORDER-1"), True),
        (Selection(query="it failed"), True),
        (Selection(query="notifications/0/7"), True),
        (Selection(query="hooks.example"), True),
        (Selection(query="something else"), False),
    ],
)
def test_selects_by_id_reason_time_and_text(selection: Selection, selected: bool) -> None:
    """Everything that is given has to match."""
    assert judge(selection).fate(letter()) is (Fate.REPLAYABLE if selected else None)


def test_what_was_replayed_is_left_out() -> None:
    """By the mark of its place; those of older versions do not say whose it is."""
    for identity in ("", identity_of(letter())):
        mark = ReplayMark("2026", identity)
        assert judge(marks={(3, 0): mark}).fate(letter()) is Fate.ALREADY
        elsewhere = judge(marks={(3, 1): mark})
        assert elsewhere.knows_replayed is bool(identity)
        expected = Fate.DOUBLE if identity else Fate.REPLAYABLE
        assert elsewhere.fate(letter()) is expected


def test_a_mark_is_about_one_dead_letter() -> None:
    """Another one stands in its place once the dead-letter topic was made anew."""
    mark = ReplayMark("2026", identity_of(letter(origin=8)))
    assert judge(marks={(3, 0): mark}).fate(letter()) is Fate.REPLAYABLE


def test_the_same_failure_twice_is_one() -> None:
    """A crash may write a dead letter twice; the group's own next failure is another."""
    a_judge = judge()
    assert a_judge.fate(letter(0)) is Fate.REPLAYABLE
    assert a_judge.fate(letter(1, timestamp=2000.0, failed=())) is Fate.DOUBLE
    assert a_judge.fate(letter(2, replays=1)) is Fate.REPLAYABLE
    assert a_judge.fate(letter(3, origin=8)) is Fate.REPLAYABLE


@pytest.mark.parametrize("other", [{"value": b"{}"}, {"key": None}, {"published": 2.0}])
def test_two_dead_letters_are_one_only_if_their_bytes_are(other: dict[str, Any]) -> None:
    """A topic that was recreated gives the same coordinates to another record."""
    a_judge = judge()
    assert a_judge.fate(letter(0)) is Fate.REPLAYABLE
    assert a_judge.fate(letter(1, **other)) is Fate.REPLAYABLE


def test_a_double_of_what_was_replayed_before_is_known() -> None:
    """Also when it stands before it."""
    a_judge = judge(marks={(3, 5): ReplayMark("2026", identity_of(letter(5)))})
    for record in (letter(4), letter(5)):
        a_judge.notice(record)
    assert a_judge.fate(letter(4)) is Fate.DOUBLE


def test_other_groups_and_incomplete_ones_are_not_replayed() -> None:
    """What is not this group's or of a topic it does not consume, and what was not kept whole."""
    assert judge().fate(letter(group="another")) is Fate.FOREIGN
    assert judge().fate(letter(group="")) is Fate.REPLAYABLE
    assert judge().fate(letter(topic="orders")) is Fate.FOREIGN
    by_hand = Record(TopicPartition("dlq", 3), 0, 1.0, None, b"{}")
    assert judge().fate(by_hand) is Fate.REPLAYABLE
    whole = letter()
    bare = Record(whole.partition, 0, 1.0, None, None, without_value(whole.headers, 1, b"x"))
    assert judge().fate(bare) is Fate.INCOMPLETE


def test_what_has_expired_is_not_sent() -> None:
    """The plan says so."""
    assert Judge(Selection(), "group", OURS, {}, lambda _: True).fate(letter()) is Fate.EXPIRED


def test_becomes_a_fresh_start_for_the_targets_that_failed() -> None:
    """What was delivered stays so; attempts and age begin anew; replays are counted."""
    deferral = as_deferral(letter(replays=2))
    assert (deferral.left, deferral.delivered, deferral.failed) == ((HOOK,), (MAIL,), ())
    assert (deferral.attempts, deferral.first_failure, deferral.replays) == (0, None, 3)


def test_without_known_targets_everything_is_left() -> None:
    """A record that could not be read, or one with more targets than its headers could name."""
    assert as_deferral(letter(failed=())).left is None
    many = tuple(TargetMark("email", str(n), f"{n:016}") for n in range(MOST_TARGETS + 1))
    assert as_deferral(letter(failed=many)).left is None


@pytest.mark.parametrize(
    ("text", "place"),
    [("3/17", (3, 17)), ("3-17", None), ("3/17 ", None), ("../1", None), ("1/" + "9" * 20, None)],
)
def test_places_are_read(text: str, place: Place | None) -> None:
    """Only what a list of dead letters would show."""
    assert read_place(text) == place


MARK = ReplayMark("2026", "abc")


@pytest.mark.parametrize(
    ("key", "value", "mark"),
    [
        (mark_key((3, 17)), mark_value(MARK), ((3, 17), MARK)),
        (b"replayed/3/17", b'{"replayed": "2026"}', ((3, 17), ReplayMark("2026"))),
        (b"replayed/3/17", None, ((3, 17), ReplayMark(""))),
        (b"replayed/3/17", b"\xff", ((3, 17), ReplayMark(""))),
        (b"replayed/x/17", b"{}", None),
        (b"snapshot/1/2", b"{}", None),
        (None, b"{}", None),
    ],
)
def test_marks_are_read_back(
    key: bytes | None, value: bytes | None, mark: tuple[Place, ReplayMark] | None
) -> None:
    """Whatever else is in the control topic is none."""
    assert read_mark(Record(TopicPartition("control", 0), 0, 1.0, key, value)) == mark
