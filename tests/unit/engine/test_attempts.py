"""The delivery log: newest first, filtered, in bounded memory, never in anybody's way."""

import asyncio
import tracemalloc
from typing import Any

import msgspec

from app.engine.attempts import CAPACITY, FOLLOWER_CAPACITY, AttemptLog
from app.policies.redaction import Secrets
from app.values.delivery import Target
from app.values.note import Note
from app.values.notification import Notification
from app.values.record import Record, TopicPartition
from app.values.snapshot import AttemptStatus
from tests.support.channels import KNOWN


def add(log: AttemptLog, number: int, **fields: Any) -> None:
    """Add an attempt with defaults."""
    given: dict[str, Any] = {
        "status": AttemptStatus.DELIVERED,
        "channel": "webhook",
        "destination": "https://hooks.example/***",
        "message_id": f"m-{number}",
        "title": None,
        "content": f"content {number}",
        "error": None,
        "notes": (),
        **fields,
    }
    log.add(
        1_700_000_000.0 + number,
        given["status"],
        Target(given["channel"], "", given["destination"]),
        Notification(given["content"], (), given["message_id"], given["title"]),
        Record(TopicPartition("notifications", 0), number, 0.0, None, b"{}"),
        attempt=1,
        duration=0.01,
        error=given["error"],
        notes=given["notes"],
    )


def test_pages_from_the_newest_to_the_oldest() -> None:
    """Cursors lead through everything once."""
    log = AttemptLog()
    for number in range(5):
        add(log, number)
    first = log.page(limit=2)
    second = log.page(limit=2, cursor=first.next_cursor)
    third = log.page(limit=2, cursor=second.next_cursor)
    shown = [made.message_id for page in (first, second, third) for made in page.deliveries]
    assert shown == ["m-4", "m-3", "m-2", "m-1", "m-0"]
    assert third.next_cursor is None
    assert first.deliveries[0].time == "2023-11-14T22:13:24.000+00:00"


def test_filters_by_status_channel_and_text_in_any_case() -> None:
    """Every filter must match; text is looked for in title, text, id, error and notes."""
    log = AttemptLog()
    add(log, 0, status="rejected", error="Unknown Webhook")
    add(log, 1, channel="email", title="Signal AAPL")
    add(log, 2, notes=(Note("kwargs.color", "no colour; left out"),))
    assert [made.message_id for made in log.page(status=AttemptStatus.REJECTED).deliveries] == [
        "m-0"
    ]
    assert [made.message_id for made in log.page(channel="email").deliveries] == ["m-1"]
    assert [made.message_id for made in log.page(query="aapl").deliveries] == ["m-1"]
    assert [made.message_id for made in log.page(query="unknown").deliveries] == ["m-0"]
    assert [made.message_id for made in log.page(query="COLOR: no").deliveries] == ["m-2"]
    assert log.page(query="aapl", channel="webhook").deliveries == ()


def test_remembers_only_the_newest_and_shortens_long_texts() -> None:
    """Memory does not grow with what passes through."""
    log = AttemptLog(capacity=3)
    for number in range(10):
        add(log, number, content="x" * 10_000)
    page = log.page()
    assert len(page.deliveries) == 3
    assert len(page.deliveries[0].content) == 500


async def test_followers_see_every_attempt_and_a_slow_one_loses_the_oldest() -> None:
    """A reader that does not read costs nothing but its own oldest rows."""
    log = AttemptLog()
    async with log.follow() as quick, log.follow() as slow:
        for number in range(FOLLOWER_CAPACITY + 5):
            add(log, number)
            assert (await anext(quick)).message_id == f"m-{number}"
        assert (await anext(slow)).message_id == "m-5"
    add(log, 0)
    async with asyncio.timeout(5), log.follow() as late:
        add(log, 999)
        assert (await anext(late)).message_id == "m-999"


def test_what_is_kept_is_bounded_in_bytes_whatever_producers_write() -> None:
    """A thousand attempts with texts of half a megabyte each are a few megabytes, not a thousand."""
    log = AttemptLog()

    def add_long(number: int) -> None:
        long = f"{number} " + "\u6c49" * 100_000
        notes = tuple(Note(f"{place}{long}"[:50_000], long) for place in range(50))
        texts = dict.fromkeys(("message_id", "title", "content", "error", "destination"), long)
        add(log, number, notes=notes if number % 100 == 0 else (), **texts)

    tracemalloc.start()
    try:
        for number in range(CAPACITY):
            add_long(number)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 10_000_000
    page = log.page(limit=CAPACITY)
    assert len(msgspec.json.encode(page)) < 10_000_000
    shown = page.deliveries[0]
    assert shown.title is not None
    assert shown.title.endswith("…")
    assert shown.message_id is not None
    assert len(shown.message_id) == 200


def test_secrets_are_hidden_where_attempts_are_shown() -> None:
    """Whatever text they stand in, to whoever looks or follows; what is searched is what is shown."""
    way_in = "https://discord.com/api/webhooks/1/s3cret"
    shown = "https://discord.com/api/webhooks/1/***"
    log = AttemptLog(Secrets(["hush"], forms=KNOWN.forms))
    add(
        log,
        0,
        destination=way_in,
        message_id=way_in,
        title=way_in,
        content=f"{way_in} and hush",
        error="hush",
        notes=(Note("hush", way_in),),
    )
    (made,) = log.page(query="webhooks/1").deliveries
    assert (made.destination, made.message_id, made.title) == (shown, shown, shown)
    assert (made.content, made.error) == (f"{shown} and ***", "***")
    assert made.notes == (Note("***", shown),)
    assert log.page(query="s3cret").deliveries == ()


def test_a_record_that_is_no_notification_is_shown_without_its_secrets() -> None:
    """Its content is its JSON, however that is written."""
    log = AttemptLog()
    add(log, 0, content=r'{"kwargs": {"webhook\u005furl": "https://h.example/s3cret"}}')
    assert "s3cret" not in log.page().deliveries[0].content
