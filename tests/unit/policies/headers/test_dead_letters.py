import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.headers.dead_letters import (
    LONGEST_ERROR,
    DeadLetterNote,
    WrittenNote,
    dead_letter_headers,
    read_note,
    read_reason,
    without_value,
)
from app.policies.headers.records import (
    LONGEST_LABEL,
    OURS,
    Origin,
    TargetMark,
    fingerprint,
    here,
    iso_time,
    mark_of,
    origin_of,
)
from app.values.delivery import Target
from app.values.outcome import Reason
from app.values.record import Headers, Record, TopicPartition

ADDRESS = "https://discord.com/api/webhooks/1234567890/s3cret-token"
DISCORD = Target("webhook", ADDRESS, "https://discord.com/api/webhooks/1234567890/***")
MAIL = Target("email", "trader@example.com", "t***@example.com")
TEXT = st.text(st.characters(), max_size=50)  # lone surrogates too

NAMES = (
    "notifier.origin.topic",
    "notifier.origin.partition",
    "notifier.origin.offset",
    "notifier.origin.timestamp",
    "notifier.reason",
    "notifier.error",
    "notifier.targets.failed",
    "notifier.targets.delivered",
    "notifier.attempts",
    "notifier.group",
    "notifier.replays",
    "notifier.first_failure",
)


def a_record(headers: Headers = (), *, timestamp: float = 1767268800.5) -> Record:
    """Return a record of the source topic."""
    return Record(TopicPartition("notifications", 3), 42, timestamp, b"key", b"{}", headers)


def texts(headers: Headers) -> dict[str, str]:
    """Return headers by name, as text."""
    return {name: (value or b"").decode() for name, value in headers}


def a_note() -> DeadLetterNote:
    """Return a note with everything in it."""
    return DeadLetterNote(
        reason=Reason.EXHAUSTED,
        error="timed out",
        origin=here(a_record()),
        failed=(mark_of(DISCORD),),
        delivered=(mark_of(MAIL),),
        attempts=5,
        first_failure=1767268801.25,
        group="workers",
    )


def test_writes_every_header_of_the_contract_after_the_records_own() -> None:
    """The producer's headers come first, unchanged; then come the service's own."""
    own = (("trace", b"\x00\xff"), ("trace", b"again"))

    headers = dead_letter_headers(a_record(own), a_note())

    assert headers[:2] == own
    assert tuple(name for name, _ in headers[2:]) == NAMES
    written = dict(headers)
    assert written["notifier.origin.topic"] == b"notifications"
    assert written["notifier.origin.partition"] == b"3"
    assert written["notifier.origin.offset"] == b"42"
    assert written["notifier.origin.timestamp"] == b"2026-01-01T12:00:00.500+00:00"
    assert written["notifier.reason"] == b"exhausted"
    assert written["notifier.error"] == b"timed out"
    assert written["notifier.attempts"] == b"5"
    assert written["notifier.first_failure"] == b"2026-01-01T12:00:01.250+00:00"
    assert written["notifier.group"] == b"workers"
    assert written["notifier.replays"] == b"0"


def test_names_targets_by_channel_label_and_fingerprint_but_never_by_address() -> None:
    """A replay can tell the targets apart; a reader of the topic learns no secret."""
    written = texts(dead_letter_headers(a_record(), a_note()))

    assert json.loads(written["notifier.targets.failed"]) == [
        {"channel": "webhook", "label": DISCORD.label, "id": fingerprint("webhook", ADDRESS)}
    ]
    assert json.loads(written["notifier.targets.delivered"]) == [
        {"channel": "email", "label": MAIL.label, "id": fingerprint("email", MAIL.address)}
    ]
    assert not any("s3cret" in value for value in written.values())


def test_fingerprint_is_stable_and_tells_channels_and_addresses_apart() -> None:
    """It must not change between versions: dead letters wait for their replay."""
    assert fingerprint("email", "a@b.c") == hashlib.sha256(b"email\0a@b.c").hexdigest()[:16]
    assert fingerprint("webhook", ADDRESS) != fingerprint("discord", ADDRESS)
    assert fingerprint("webhook", ADDRESS) != fingerprint("webhook", ADDRESS + "x")


def test_a_note_is_read_back_as_it_was_written() -> None:
    """What one session writes, the next understands."""
    assert read_note(dead_letter_headers(a_record(), a_note())) == WrittenNote(
        reason=Reason.EXHAUSTED,
        error="timed out",
        failed=(TargetMark("webhook", DISCORD.label, fingerprint("webhook", ADDRESS)),),
        delivered=(TargetMark("email", MAIL.label, fingerprint("email", MAIL.address)),),
        attempts=5,
        first_failure=1767268801.25,
        group="workers",
        replays=0,
    )


def test_no_first_failure_is_no_header() -> None:
    """A record that was never tried has no time of its first failure."""
    note = msgspec.structs.replace(a_note(), first_failure=None)

    headers = dead_letter_headers(a_record(), note)

    assert "notifier.first_failure" not in dict(headers)
    assert read_note(headers).first_failure is None


def test_the_origin_survives_any_number_of_replays() -> None:
    """A record that died before keeps its first coordinates, and everything else is written anew."""
    headers = dead_letter_headers(a_record((("trace", b"1"),)), a_note())
    for offset in range(3):
        replayed = (*headers, ("notifier.format", b"1"))
        again = Record(TopicPartition("retry", 0), offset, 2e9, None, b"{}", replayed)
        note = DeadLetterNote(
            Reason.EXPIRED, "too late", origin_of(again), group="others", replays=7
        )
        headers = dead_letter_headers(again, note)

    written = dict(headers)
    assert len(written) == len(headers)
    assert written["trace"] == b"1"
    last = Record(TopicPartition("dlq", 0), 0, 2e9, None, b"{}", headers)
    assert origin_of(last) == Origin("notifications", 3, 42, 1767268800.5)
    assert written["notifier.origin.timestamp"] == b"2026-01-01T12:00:00.500+00:00"
    assert written["notifier.replays"] == b"7"
    assert written["notifier.reason"] == b"expired"
    assert written["notifier.group"] == b"others"
    assert "notifier.format" not in written
    assert "notifier.first_failure" not in written


@pytest.mark.parametrize("broken", ["topic", "partition", "offset"])
def test_a_broken_origin_is_replaced_as_a_whole(broken: str) -> None:
    """Half an origin would name a record that never was."""
    headers = dict(dead_letter_headers(a_record(), a_note()))
    headers[f"notifier.origin.{broken}"] = b""
    record = Record(TopicPartition("elsewhere", 1), 2, 3.0, None, None, tuple(headers.items()))

    assert origin_of(record) == Origin("elsewhere", 1, 2, 3.0)
    assert origin_of(record).coordinates == "elsewhere/1/2"


def test_a_broken_origin_time_is_the_records_own() -> None:
    """The coordinates are worth keeping without it."""
    headers = dict(dead_letter_headers(a_record(), a_note()))
    headers["notifier.origin.timestamp"] = b"yesterday"
    record = Record(TopicPartition("elsewhere", 1), 2, 3.0, None, None, tuple(headers.items()))

    assert origin_of(record) == Origin("notifications", 3, 42, 3.0)


def test_a_producers_headers_of_the_same_names_are_left_behind() -> None:
    """Whoever reads a dead letter finds each name once, and this service's word for it."""
    own = (("notifier.mine", b"1"), *((name, b"forged") for name in sorted(OURS)))

    headers = dead_letter_headers(a_record(own), a_note())

    assert headers[0] == ("notifier.mine", b"1")
    assert b"forged" not in dict(headers).values()
    assert tuple(name for name, _ in headers[1:]) == NAMES
    assert dict(headers)["notifier.replays"] == b"0"


def test_an_error_is_bounded() -> None:
    """A destination's answer may be long; a header may not."""
    note = msgspec.structs.replace(a_note(), error="é" * 5000)

    error = texts(dead_letter_headers(a_record(), note))["notifier.error"]

    assert error == "é" * (LONGEST_ERROR - 1) + "…"
    short = msgspec.structs.replace(a_note(), error="é" * LONGEST_ERROR)
    assert read_note(dead_letter_headers(a_record(), short)).error == "é" * LONGEST_ERROR


def test_a_label_is_bounded() -> None:
    """Addresses are the producer's, of any length."""
    long = Target("email", "x" * 10_000, "x" * 10_000)
    note = msgspec.structs.replace(a_note(), failed=(mark_of(long),))

    (mark,) = read_note(dead_letter_headers(a_record(), note)).failed

    assert len(mark.label) == LONGEST_LABEL
    assert mark.id == fingerprint("email", long.address)


def test_a_value_that_is_too_large_leaves_its_size_and_hash() -> None:
    """Whoever has the original can recognise it."""
    headers = dead_letter_headers(a_record(), a_note())

    bare = without_value(headers, 3, hashlib.sha256(b"abc").digest())

    assert bare[:-2] == headers
    assert dict(bare)["notifier.value.size"] == b"3"
    assert texts(bare)["notifier.value.sha256"] == hashlib.sha256(b"abc").hexdigest()


def test_nothing_there_reads_as_defaults() -> None:
    """The topic may hold what others wrote by hand."""
    assert read_note(()) == WrittenNote(
        Reason.INVALID, "", (), (), attempts=0, first_failure=None, group="", replays=0
    )
    assert read_reason({"notifier.reason": b"boredom"}) is Reason.INVALID
    assert read_reason({"notifier.reason": b"unroutable"}) is Reason.UNROUTABLE


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("notifier.attempts", b"-1"),
        ("notifier.attempts", b"1_000"),
        ("notifier.attempts", b"9" * 5000),
        ("notifier.replays", "٣".encode()),
        ("notifier.targets.failed", b"[" * 100_000),
        ("notifier.targets.failed", b'["webhook"]'),
        ("notifier.targets.delivered", b'[{"channel":"\xff"}]'),
        ("notifier.first_failure", b"0001-01-01T00:00:00+99:00"),
    ],
)
def test_a_corrupt_header_reads_as_its_default(name: str, raw: bytes) -> None:
    """One bad header costs what it says, not the others."""
    headers = {**dict(dead_letter_headers(a_record(), a_note())), name: raw}
    missing = {**headers}
    del missing[name]

    assert read_note(tuple(headers.items())) == read_note(tuple(missing.items()))


def test_a_time_without_zone_is_utc() -> None:
    """As everywhere in the contract."""
    assert read_note((("notifier.first_failure", b"2026-01-01T12:00:00"),)).first_failure == (
        1767268800.0
    )


@pytest.mark.parametrize("seconds", [1e18, -1e18, float("inf"), float("nan")])
def test_a_time_beyond_the_calendar_is_its_last_day(seconds: float) -> None:
    """A producer may stamp a record with any number; its dead letter is written all the same."""
    record = a_record(timestamp=seconds)
    headers = dead_letter_headers(record, msgspec.structs.replace(a_note(), origin=here(record)))

    assert iso_time(seconds) == "9999-12-31T23:59:59.999+00:00"
    assert dict(headers)["notifier.origin.timestamp"] == iso_time(seconds).encode()


@given(
    st.lists(
        st.tuples(st.one_of(st.sampled_from(NAMES), TEXT), st.binary(max_size=100)), max_size=20
    ),
    st.floats(),
)
def test_any_bytes_are_read_and_written_again(
    headers: list[tuple[str, bytes]], timestamp: float
) -> None:
    """Reading never raises, and a dead letter of anything can be written and read."""
    record = a_record(tuple(headers), timestamp=timestamp)
    read_note(record.headers)
    note = msgspec.structs.replace(a_note(), origin=origin_of(record))

    again = dead_letter_headers(record, note)

    assert read_note(again).reason is Reason.EXHAUSTED
    assert origin_of(msgspec.structs.replace(record, headers=again)).offset == note.origin.offset


@given(TEXT, TEXT, TEXT, TEXT)
def test_any_text_can_be_written(error: str, group: str, channel: str, label: str) -> None:
    """Lone surrogates from a producer's JSON do not keep a dead letter from being written."""
    note = DeadLetterNote(
        Reason.REJECTED,
        error,
        here(a_record()),
        failed=(mark_of(Target(channel, label, label)),),
        group=group,
    )

    read = read_note(dead_letter_headers(a_record(), note))

    escaped = label.encode("utf-8", "backslashreplace").decode()
    assert read.failed[0].label == escaped[:LONGEST_LABEL] or len(escaped) > LONGEST_LABEL
    assert read.failed[0].id == fingerprint(channel, label)
