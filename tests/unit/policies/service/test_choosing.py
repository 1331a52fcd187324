"""Which dead letters are meant, in what they are alike, and how that is said."""

import pytest

from app.language.choice import Language
from app.language.speaking import translator
from app.policies.headers.dead_letters import DeadLetterNote, dead_letter_headers
from app.policies.headers.records import TargetMark, here
from app.policies.redaction import NO_SECRETS
from app.policies.service.choosing import MOST_CAUSES, Tally, cause_of, matches, words_for
from app.values.outcome import Reason
from app.values.record import Record, TopicPartition
from app.values.replay import Selection

HOOK = TargetMark("webhook", "https://hooks.example/a/***#1", "1" * 16)
MAIL = TargetMark("email", "a@example.com", "2" * 16)


def letter(
    offset: int = 0,
    *,
    value: bytes | None = b'{"message_id": "order-1", "metadata": {"title": "Filled"}}',
    error: str = "https://hooks.example/a/***#1: HTTP 503",
    failed: tuple[TargetMark, ...] = (HOOK,),
    group: str = "ours",
    reason: Reason = Reason.EXHAUSTED,
    timestamp: float = 1000.0,
) -> Record:
    """Return a dead letter."""
    source = Record(TopicPartition("notifications", 0), 7, 1.0, b"k", value)
    note = DeadLetterNote(reason, error, here(source), failed=failed, group=group)
    headers = dead_letter_headers(source, note)
    return Record(TopicPartition("dlq", 3), offset, timestamp, b"k", value, headers)


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        (Selection(group="ours"), True),
        (Selection(group="theirs"), False),
        (Selection(destination="HOOKS.example/a"), True),
        (Selection(destination="webhook https"), True),
        (Selection(destination="hooks.example/b"), False),
        (Selection(causes=frozenset({cause_of(letter())})), True),
        (Selection(causes=frozenset({"0" * 12})), False),
        (Selection(places=frozenset({(3, 0)}), causes=frozenset({"0" * 12})), True),
        (Selection(places=frozenset({(3, 1)}), causes=frozenset({cause_of(letter())})), True),
        (Selection(causes=frozenset({cause_of(letter())}), reason=Reason.INVALID), False),
        (Selection(query="filled"), True),
        (Selection(query="ORDER-1"), True),
        (Selection(query="order 1"), False),
        (Selection(query="503"), True),
        (Selection(query="k"), True),  # as in hooks; the key itself is not looked at
    ],
)
def test_what_is_chosen(selection: Selection, chosen: bool) -> None:
    """What is named, as far as it matches the rest."""
    assert matches(letter(), selection) is chosen


def test_nobody_knows_whose_it_is() -> None:
    """What was written by hand is everybody's."""
    assert matches(letter(group=""), Selection(group="anybody"))


@pytest.mark.parametrize(
    ("value", "query"),
    [
        (b'{"message_id":"\\u0041bc"}', "abc"),
        ('{"message_id":"交易-7"}'.encode(), "交易"),
        ('{"message_id":"Straße"}'.encode(), "strasse"),
        (b'{"message_id":"a/b c"}', "a/b c"),
    ],
)
def test_a_text_is_found_however_it_is_written(value: bytes, query: str) -> None:
    """The quick look passes over nothing that the whole one would find."""
    assert matches(letter(value=value), Selection(query=query))
    assert not matches(letter(value=None), Selection(query=query))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("HTTP 400: request 4711 failed", "HTTP 400: request 4712 failed", True),
        ("HTTP 400: 9f3ab27c is unknown", "HTTP 400: 0c1d2e3f is unknown", True),
        ("HTTP 400", "HTTP 404", False),
        ("code 50027", "code 10015", False),
        ("550 5.1.1 unknown", "550 5.7.1 unknown", False),
    ],
)
def test_errors_of_one_kind_have_one_cause(one: str, other: str, alike: bool) -> None:
    """They differ in ids and long numbers alone; codes mean something."""
    assert (cause_of(letter(error=one)) == cause_of(letter(error=other))) is alike


def test_destination_and_reason_are_part_of_the_cause() -> None:
    """The same error elsewhere is another cause."""
    assert cause_of(letter()) != cause_of(letter(failed=(MAIL,)))
    assert cause_of(letter()) != cause_of(letter(reason=Reason.REJECTED))
    assert cause_of(letter()) == cause_of(letter(9, value=b"other", timestamp=5.0))


def test_a_tally_counts_causes_and_other_groups() -> None:
    """The most frequent first; the token of an address is not part of the text."""
    tally = Tally("ours")
    for offset in range(3):
        tally.add(letter(offset, timestamp=1000.0 + offset))
    many = tuple(TargetMark("webhook", f"hook-{number}", "1" * 16) for number in range(5))
    tally.add(letter(5, failed=many, error="hook-0: no; hook-1: no"))
    theirs = letter(6, group="theirs", timestamp=2000.0)
    tally.add(theirs)
    for each in (letter(), letter(group=""), theirs):
        tally.add_other(each)
    first, second = tally.causes({(3, 1): object()}, NO_SECRETS)
    assert (first.count, first.replayed) == (3, 1)
    assert (first.destination, first.error) == (f"webhook {HOOK.label}", "HTTP 503")
    assert first.newest == "1970-01-01T00:16:42.000+00:00"
    assert second.destination == "webhook hook-0, webhook hook-1, webhook hook-2, and 2 more"
    assert second.error == "no; no"
    [other] = tally.others()
    assert (other.group, other.count) == ("theirs", 1)


def test_causes_are_bounded() -> None:
    """There may be any number of destinations."""
    tally = Tally("ours")
    for number in range(MOST_CAUSES + 5):
        tally.add(letter(failed=(TargetMark("webhook", f"hook-{number}", ""),)))
    assert len(tally.causes((), NO_SECRETS)) == MOST_CAUSES


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(), "all dead letters"),
        (Selection(places=frozenset({(3, 17)})), "dead letter 3/17"),
        (Selection(places=frozenset({(3, 17), (0, 1)})), "2 dead letters"),
        (
            Selection(places=frozenset({(3, 17)}), causes=frozenset({"a", "b"})),
            "dead letter 3/17 and also all of 2 causes",
        ),
        (Selection(causes=frozenset({"9f"})), "all of the cause 9f"),
        (
            Selection(reason=Reason.INVALID, query="x", destination="hook", group="g"),
            "all dead letters, with the reason invalid, with the text 'x',"  # noqa: ISC004
            " for destinations with 'hook', of the group g",
        ),
        (
            Selection(since=0.0, until=60.0),
            "all dead letters, not earlier than 1970-01-01 00:00:00 UTC, earlier than 1970-01-01 00:01:00 UTC",
        ),
    ],
)
def test_a_choice_is_said_in_words(selection: Selection, words: str) -> None:
    """The same on the page, in the API and on the command line."""
    assert words_for(selection) == words


def test_a_choice_is_said_in_chinese() -> None:
    """Whatever it is put together of."""
    in_chinese = translator(Language.CHINESE)
    narrowed = Selection(
        reason=Reason.INVALID, query="x", destination="hook", group="g", since=0.0, until=60.0
    )
    assert in_chinese(words_for(narrowed)) == (
        "所有死信，原因为 invalid，包含文字 'x'，目标地址包含 'hook'，属于消费组 g，"
        "不早于 1970-01-01 00:00:00 UTC，早于 1970-01-01 00:01:00 UTC"
    )
    ticked = Selection(places=frozenset({(3, 17)}), causes=frozenset({"a", "b"}))
    assert in_chinese(words_for(ticked)) == "死信 3/17 以及 2 个起因的全部死信"
