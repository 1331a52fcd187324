import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.headers.dead_letters import DeadLetterNote, dead_letter_headers
from app.policies.headers.records import here, mark_of
from app.policies.redaction import Secrets
from app.policies.service.dead_letter_view import (
    LONGEST_HEADER,
    LONGEST_VALUE,
    MOST_HEADERS,
    MOST_TARGETS,
    show,
)
from app.values.delivery import Target
from app.values.outcome import Reason
from app.values.record import Headers, Record, TopicPartition
from tests.support.channels import KNOWN

ADDRESS = "https://discord.com/api/webhooks/1234567890/s3cret-token"
LABEL = "https://discord.com/api/webhooks/1234567890/***"


def a_dead_letter(value: bytes | None, headers: Headers = (), key: bytes | None = None) -> Record:
    """Return a record of the dead-letter topic."""
    return Record(TopicPartition("dlq", 2), 7, 1767268800.0, key, value, headers)


def test_shows_what_record_and_headers_say() -> None:
    """Every attribute has its place in the record."""
    origin = Record(TopicPartition("notifications", 1), 99, 1767268700.0, b"k", b"")
    note = DeadLetterNote(
        Reason.REJECTED,
        "404",
        here(origin),
        failed=(mark_of(Target("webhook", ADDRESS, LABEL)),),
        delivered=(mark_of(Target("email", "a@b.c", "a***@b.c")),),
        attempts=2,
        first_failure=1767268799.0,
        group="workers",
    )
    value = '{"message_id": "m-1", "content": "价", "metadata": {"title": "T"}}'.encode()

    letter = show(
        a_dead_letter(value, dead_letter_headers(origin, note), b"k"), secrets=KNOWN.secrets
    )

    assert letter.id == "2/7"
    assert letter.time == "2026-01-01T12:00:00.000+00:00"
    assert letter.reason == "rejected"
    assert letter.error == "404"
    assert letter.origin == "notifications/1/99"
    assert (letter.message_id, letter.title) == ("m-1", "T")
    assert letter.targets_failed == (f"webhook {LABEL}",)
    assert letter.targets_delivered == ("email a***@b.c",)
    assert letter.attempts == 2
    assert letter.first_failure == "2026-01-01T11:59:59.000+00:00"
    assert letter.replays == 0
    assert letter.key == "k"
    assert letter.value == value.decode()
    assert letter.headers["notifier.group"] == "workers"


def test_shows_a_record_that_says_nothing() -> None:
    """Somebody may have written to the topic by hand."""
    letter = show(a_dead_letter(None))

    assert (letter.key, letter.value, letter.headers) == (None, None, {})
    assert (letter.message_id, letter.title, letter.first_failure) == (None, None, None)
    assert letter.origin == "dlq/2/7"


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (b'{"message_id": 5, "title": "flat", "metadata": {"title": "deep"}}', (None, "flat")),
        (b'{"message_id": "m", "metadata": "text"}', ("m", None)),
        (b'{"message_id": "m", "metadata": {"title": 1}}', ("m", None)),
        (b'["message_id"]', (None, None)),
        (b'{"message_id": "\xff"}', (None, None)),
        (b"[" * 100_000, (None, None)),
        (b"", (None, None)),
    ],
)
def test_finds_names_where_there_are_any(
    value: bytes, names: tuple[str | None, str | None]
) -> None:
    """Most dead letters are no notifications: that is why they are here."""
    letter = show(a_dead_letter(value))

    assert (letter.message_id, letter.title) == names


def test_escapes_what_is_no_text() -> None:
    """Undecodable bytes stay recognisable."""
    assert show(a_dead_letter(b"a\xff")).value == "a\\xff"


@pytest.mark.parametrize(
    "value",
    [
        json.dumps({"kwargs": {"webhook_url": ADDRESS}}),
        json.dumps({"kwargs": {"webhook_url": ADDRESS}}).replace("/", "\\/"),
        json.dumps({"kwargs": {"webhook_url": 'https://hooks.example/x"/s3cret'}}),
        json.dumps({"content": f"see {ADDRESS}"}),
        json.dumps({"content": ADDRESS.replace("1234567890", "abc")}),
        json.dumps({"content": ADDRESS.replace("/api/", "/api/v10/")}).replace("/", "\\/"),
        ADDRESS,
        json.dumps({"kwargs": {"webhook_url": ADDRESS}}).replace(
            "webhook_url", r"webhook\u005furl"
        ),
        json.dumps({"kwargs": {"secret": "s3cret", "headers": {"Authorization": "s3cret"}}}),
        json.dumps({"content": json.dumps({"kwargs": {"webhook_url": "https://x/s3cret"}})}),
        "".join(f"\\u{ord(each):04x}" for each in ADDRESS),
    ],
)
def test_masks_webhook_addresses(value: str) -> None:
    """The path of a webhook is its password (docs/access.md#secrets)."""
    letter = show(
        a_dead_letter(value.encode(), (("url", ADDRESS.encode()),), key=ADDRESS.encode()),
        secrets=KNOWN.secrets,
    )

    assert "s3cret" not in repr(letter)
    assert letter.value is not None
    assert "***" in letter.value


def test_masking_spares_the_rest() -> None:
    """What stands beside an address, and an address that is masked already, stay as they were."""
    value = f'{{"content": "{ADDRESS}", "url": "https://example.com/a/b", "label": "{LABEL}"}}'

    shown = show(a_dead_letter(value.encode()), secrets=KNOWN.secrets).value

    assert shown == value.replace(ADDRESS, LABEL)


@given(
    st.one_of(st.none(), st.binary(max_size=200)),
    st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=50)), max_size=5),
    st.integers(-(2**63), 2**63 - 1),
)
def test_shows_anything(
    value: bytes | None, headers: list[tuple[str, bytes]], milliseconds: int
) -> None:
    """Any bytes may stand in the topic, under any time."""
    record = Record(TopicPartition("dlq", 0), 0, milliseconds / 1000, value, value, tuple(headers))

    assert show(record).id == "0/0"


def test_masks_what_is_known_to_be_secret() -> None:
    """A password that somebody has put into a notification, a header or a key."""
    origin = Record(TopicPartition("notifications", 1), 99, 1767268700.0, b"k", b"")
    note = DeadLetterNote(Reason.REJECTED, "535 hush", here(origin))
    headers = (*dead_letter_headers(origin, note), ("x", b"hush"))
    value = b'{"message_id": "hush", "title": "hush", "content": "h\\u0075sh"}'
    letter = show(a_dead_letter(value, headers, b"hush"), secrets=Secrets(["hush"]))
    assert "hush" not in repr(letter)
    assert "u0075" not in repr(letter)
    assert (letter.error, letter.message_id, letter.title, letter.key) == ("535 ***", *["***"] * 3)


def test_a_list_shows_a_bounded_part_of_each() -> None:
    """However long the value, however many the targets; what is short stays as it is."""
    short = a_dead_letter(b'{"title": "t"}', (("x", b"y"),))
    assert show(short, brief=True) == show(short)
    origin = Record(TopicPartition("notifications", 1), 99, 1767268700.0, b"k", b"")
    targets = (Target("email", f"{number}@x", f"{number}@x") for number in range(MOST_TARGETS + 7))
    note = DeadLetterNote(Reason.REJECTED, "e" * 10_000, here(origin), tuple(map(mark_of, targets)))
    headers = dead_letter_headers(origin, note)
    more = tuple((f"h{number}", b"v" * 10_000) for number in range(200))
    value = json.dumps({"title": "t" * 10_000, "message_id": 7}).encode()
    cut = show(a_dead_letter(value, headers + more, b"k" * 10_000), brief=True)
    assert len(cut.value or "") == LONGEST_VALUE
    assert len(cut.title or "") == len(cut.key or "") == LONGEST_HEADER
    assert len(cut.error) <= LONGEST_HEADER
    assert cut.message_id is None
    assert cut.targets_failed[-1] == "and 7 more"
    assert len(cut.targets_failed) == MOST_TARGETS + 1
    assert len(cut.headers) == MOST_HEADERS
    assert max(map(len, cut.headers.values())) == LONGEST_HEADER


def test_a_secret_at_the_end_of_what_a_list_shows_is_hidden_whole() -> None:
    """Though the text is cut off within it."""
    secret = "s3cret-of-the-service"
    value = "x" * (LONGEST_VALUE - 30) + secret + "y" * 100_000
    shown = show(a_dead_letter(value.encode()), secrets=Secrets([secret]), brief=True)
    assert "s3c" not in (shown.value or "")
