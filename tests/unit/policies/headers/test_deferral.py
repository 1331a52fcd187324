"""Deferring: headers that survive, delays that follow the outage."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.headers.deferral import (
    KNOWN_FORMAT,
    Deferral,
    FailedMark,
    deferral_headers,
    delay_for,
    read_deferral,
    read_format,
    retry_topics,
)
from app.policies.headers.records import OURS, TargetMark, here, origin_of
from app.values.outcome import Reason
from app.values.record import Record, TopicPartition

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
MARKS = st.builds(TargetMark, TEXT, TEXT, TEXT)


def a_record() -> Record:
    """Return a record of a consumed topic."""
    return Record(
        TopicPartition("notifications", 3), 42, 1767268800.5, b"key", b"{}", (("own", b"1"),)
    )


@pytest.mark.parametrize(
    ("since", "delay"),
    [
        (None, 30),
        (0, 30),
        (30, 30),
        (119, 30),
        (120, 120),
        (599, 120),
        (600, 600),
        (3599, 600),
        (3600, 3600),
        (86_400, 3600),
    ],
)
def test_waits_about_as_long_as_the_outage_was(since: float | None, delay: float) -> None:
    """The longest delay not above the time since the first failure, and at least 30 s."""
    assert delay_for(10_000_000, None if since is None else 10_000_000 - since) == delay


def test_the_group_has_one_topic_for_each_delay() -> None:
    """Their names begin with the prefix."""
    assert retry_topics("r") == {
        "r.0s": 0.0,
        "r.30s": 30.0,
        "r.2m": 120.0,
        "r.10m": 600.0,
        "r.1h": 3600.0,
    }


@given(
    st.none() | st.lists(MARKS, min_size=1, max_size=3).map(tuple),
    st.lists(MARKS, max_size=3).map(tuple),
    st.lists(st.builds(FailedMark, TEXT, TEXT, TEXT, st.sampled_from(Reason), TEXT)).map(tuple),
    st.integers(0, 1000),
    st.none() | st.integers(0, 2_000_000_000).map(float),
    st.integers(0, 9),
)
def test_reads_what_it_wrote(
    left: tuple[TargetMark, ...] | None,
    delivered: tuple[TargetMark, ...],
    failed: tuple[FailedMark, ...],
    attempts: int,
    first_failure: float | None,
    replays: int,
) -> None:
    """Everything comes back, and the record's own headers stay."""
    deferral = Deferral(left, delivered, failed, attempts, first_failure, replays)
    headers = deferral_headers(a_record(), deferral, "group", here(a_record()))
    assert read_deferral(headers) == deferral
    assert headers[0] == ("own", b"1")
    assert read_format(headers) == 1
    assert dict(headers)["notifier.group"] == b"group"


def test_the_origin_survives_being_deferred_again() -> None:
    """However often it moves, it is known where it came from."""
    first = deferral_headers(a_record(), Deferral(), "group", here(a_record()))
    again = Record(TopicPartition("retry.30s", 0), 7, 1767269000.0, b"key", b"{}", first)
    headers = deferral_headers(again, Deferral(attempts=3), "group", origin_of(again))
    moved = Record(TopicPartition("retry.2m", 1), 9, 1767269100.0, b"key", b"{}", headers)
    assert origin_of(moved).coordinates == "notifications/3/42"
    assert origin_of(moved).timestamp == 1767268800.5
    assert [name for name, _ in headers].count("notifier.attempts") == 1


def test_a_producers_headers_of_the_same_names_are_left_behind() -> None:
    """In the group's own topics each name stands for one thing; all other headers go along."""
    own = (("notifier.mine", b"1"), *((name, b"forged") for name in sorted(OURS)))
    record = msgspec.structs.replace(a_record(), headers=own)
    headers = deferral_headers(record, Deferral(), "group", here(record))
    assert headers[0] == ("notifier.mine", b"1")
    assert b"forged" not in dict(headers).values()
    assert len(dict(headers)) == len(headers)


@pytest.mark.parametrize(
    ("raw", "known"),
    [(None, True), (b"", True), (b"0", True), (b"1", True), (b"2", False), (b"1.5", False),
     (b"9" * 100, False), (b"v2", False)],
)  # fmt: skip
def test_whatever_it_does_not_know_is_a_newer_format(raw: bytes | None, known: bool) -> None:
    """A record that names no format is read as it is."""
    assert (read_format((("notifier.format", raw),)) <= KNOWN_FORMAT) is known
    assert read_format(()) == 0


@given(st.dictionaries(st.sampled_from(["notifier.targets.left", "notifier.attempts",
    "notifier.targets.failed", "notifier.first_failure", "notifier.format"]), st.binary()))  # fmt: skip
def test_corrupt_headers_mean_everything_is_left(headers: dict[str, bytes]) -> None:
    """Reading never fails; in doubt a notification is sent again rather than lost."""
    deferral = read_deferral(tuple(headers.items()))
    assert deferral.left is None or all(mark.id for mark in deferral.left)
    assert deferral.attempts >= 0
    assert read_format(tuple(headers.items())) >= 0
