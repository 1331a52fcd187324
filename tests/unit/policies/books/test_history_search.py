"""What is looked for in the history."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from app.policies.books.history import write
from app.policies.books.history_search import Sought
from app.values.history import Addressee, Entry, Try
from app.values.snapshot import AttemptStatus

ENTRY = Entry(
    "Order-7",
    "notifications/3/17",
    "failed",
    90.0,
    100.0,
    "交易信号 AAPL Ä",
    "trader-001",
    (Addressee("webhook", "https://hooks.example/***#a1b2c3"),),
    (Try(100.0, 0, AttemptStatus.REJECTED, 1, 0.1, "HTTP 400: Unknown field"),),
    trace_id="0af7651916cd43dd8448eb211c80319c",
)


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        (Sought(), True),
        (Sought(q="order-7"), True),
        (Sought(q="ORDER-7"), True),
        (Sought(q="unknown FIELD"), True),
        (Sought(q="notifications/3/17"), True),
        (Sought(q="交易"), True),
        (Sought(q="0AF7651916cd43dd8448eb211c80319c"), True),
        (Sought(q="ä"), True),
        (Sought(q="signal"), False),
        (Sought(user="trader-001"), True),
        (Sought(user="trader"), False),
        (Sought(status="failed"), True),
        (Sought(status="sent"), False),
        (Sought(status="deferred"), False),
        (Sought(channel="webhook"), True),
        (Sought(channel="web"), False),
        (Sought(destination="hooks.example"), True),
        (Sought(destination="HOOKS"), False),
        (Sought(since=100.0, until=100.1), True),
        (Sought(since=100.1), False),
        (Sought(until=100.0), False),
        (Sought(q="order", user="trader-001", status="failed", channel="webhook"), True),
        (Sought(q="order", user="somebody"), False),
    ],
)
def test_all_that_is_given_must_be_so(sought: Sought, *, found: bool) -> None:
    """Texts are looked for in whatever case, names as they are."""
    assert sought.matches(ENTRY) is found
    if found:
        assert sought.at_a_glance()(write("host:1", [ENTRY])[0])


def test_what_is_deferred_is_listed_only_if_it_is_asked_for() -> None:
    """It is not settled yet."""
    deferred = Entry("m", "t/0/1", "deferred", 1.0, 2.0)
    assert not Sought().matches(deferred)
    assert Sought(status="deferred").matches(deferred)


@pytest.mark.parametrize(
    "sought",
    [
        Sought(q="nothing of it"),
        Sought(q="没有"),
        Sought(user="somebody"),
        Sought(status="expired"),
        Sought(channel="email"),
        Sought(destination="mail.example"),
        Sought(q="order", destination="mail.example"),
    ],
)
def test_most_records_are_passed_over_at_a_glance(sought: Sought) -> None:
    """Their entries need not be read."""
    assert not sought.at_a_glance()(write("host:1", [ENTRY])[0])
    assert not sought.at_a_glance()(None)


_words = st.text(st.sampled_from("aBcÄß交 1"), min_size=1, max_size=4)
_parts: dict[str, Callable[[Entry], str]] = {
    "q": lambda entry: (entry.title or "").swapcase(),
    "user": lambda entry: entry.user or "",
    "channel": lambda entry: entry.targets[0].channel,
    "destination": lambda entry: entry.targets[0].destination[1:],
}


@given(_words, _words, _words, st.sampled_from(sorted(_parts)))
def test_no_record_with_one_that_matches_is_passed_over(
    title: str, user: str, place: str, part: str
) -> None:
    """Whatever letters there are: what is passed over is never read."""
    entry = Entry("m", "t/0/1", "sent", 1.0, 2.0, title, user, (Addressee(user, f"x{place}"),))
    sought = replace(Sought(), **{part: _parts[part](entry)})
    if sought.matches(entry):
        assert sought.at_a_glance()(write("host:1", [ENTRY, entry])[0]), asdict(sought)
