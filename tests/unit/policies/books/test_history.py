"""Records of the history topic: what they hold, and how one notification is found in them."""

import msgspec
import pytest

from app.policies.books.history import (
    FILTER_HEADER,
    FORMAT_HEADER,
    coordinates_of,
    may_hold,
    name_of,
    read,
    write,
)
from app.values.history import Addressee, Batch, Entry, Try
from app.values.note import Note
from app.values.snapshot import AttemptStatus

ENTRY = Entry(
    id="m-1",
    origin="notifications/0/7",
    state="sent",
    published_at=1.0,
    at=2.0,
    title="交易信号",
    user="trader",
    targets=(Addressee("webhook", "https://hooks.example/***"),),
    tries=(Try(1.5, 0, AttemptStatus.DELIVERED, 1, 0.2),),
    notes=(Note("color", "is no colour"),),
)


def test_what_is_written_is_read() -> None:
    """Entries keep their order, and everything about them."""
    other = Entry(None, "notifications/0/8", "failed", 1.0, 3.0)
    value, headers = write("host:1", [ENTRY, other])
    assert read(value, headers) == Batch("host:1", (ENTRY, other))


def test_a_record_says_whether_it_is_worth_unpacking() -> None:
    """By the ids, or by the place of what has none."""
    other = Entry(None, "notifications/0/8", "failed", 1.0, 3.0)
    _, headers = write("host:1", [ENTRY, other])
    assert name_of(other) == "notifications/0/8"
    assert may_hold(["m-1"])(headers)
    assert may_hold(["notifications/0/8"])(headers)
    assert not any(may_hold([f"m-{number}"])(headers) for number in range(2, 2000))


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (None, ()),
        (b"", ()),
        (b"\x92", ((FORMAT_HEADER, b"1"),)),
        (b"{}", ((FORMAT_HEADER, b"1"),)),
        (b"\x92\xa1\xff\x90", ((FORMAT_HEADER, b"1"),)),
        (write("w", [ENTRY])[0], ((FORMAT_HEADER, b"2"),)),
    ],
)
def test_what_another_hand_wrote_is_passed_over(
    value: bytes | None, headers: tuple[tuple[str, bytes], ...]
) -> None:
    """Whatever stands on the topic."""
    assert read(value, headers) is None


@pytest.mark.parametrize("names", [b"", b"abc", b"abcd"])
def test_a_filter_that_is_none_holds_nothing(names: bytes) -> None:
    """A record without a filter of ours is not unpacked for a search by id."""
    assert not may_hold(["m-1"])(((FILTER_HEADER, names),))
    assert not may_hold(["m-1"])(())


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("notifications:0:7", "notifications/0/7"),
        ("a:b:0:7", "a:b/0/7"),
        ("m-1", "m-1"),
        ("a:b:c", "a:b:c"),
        (":0:7", ":0:7"),
        ("notifications/0/7", "notifications/0/7"),
    ],
)
def test_a_place_can_be_asked_for(asked: str, name: str) -> None:
    """As the API has it; ids stay as they are."""
    assert coordinates_of(asked) == name


class _OlderEntry(msgspec.Struct, array_like=True):
    """An entry as the version before traces knows it."""

    id: str | None
    origin: str
    state: str
    published_at: float
    at: float
    title: str | None = None
    user: str | None = None
    targets: tuple[Addressee, ...] = ()
    tries: tuple[Try, ...] = ()
    notes: tuple[Note, ...] = ()


class _OlderBatch(msgspec.Struct, array_like=True):
    worker: str
    entries: tuple[_OlderEntry, ...]


def test_a_version_without_traces_reads_what_this_one_writes_and_the_other_way_round() -> None:
    """The trace's id stands at the end of an entry: one leaves it out, the other misses it."""
    value, headers = write("host:1", [Entry("m-1", "t/0/1", "sent", 1.0, 2.0, trace_id="ab" * 16)])
    (older,) = msgspec.msgpack.decode(value, type=_OlderBatch).entries
    assert (older.id, older.state) == ("m-1", "sent")
    batch = read(msgspec.msgpack.encode(_OlderBatch("host:1", (older,))), headers)
    assert batch is not None
    assert batch.entries == (Entry("m-1", "t/0/1", "sent", 1.0, 2.0),)
