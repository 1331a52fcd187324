from typing import Any

import pytest

from app.values.errors import InvalidRecordError, UnroutableError
from app.values.notification import (
    Author,
    ContentType,
    Embed,
    Field,
    Footer,
    Image,
    Mail,
    Metadata,
    Notification,
    Priority,
    Request,
    Sender,
)
from tests.support.messages import DISCORD_URL, HOOK_URL, RECORD_TIME, envelope, read


def test_the_smallest_envelope_gets_the_defaults() -> None:
    """Content and channels are enough."""
    assert read(envelope()) == Notification("hello", (Request("webhook"),), timestamp=RECORD_TIME)


def test_what_the_original_writes_is_read() -> None:
    """Nulls in the metadata, a naive timestamp and unknown keys are the original's habit."""
    notification = read(
        {
            "message_id": "msg_20260101120000000001",
            "content": "测试消息 #1 - 12:00:00",
            "channels": ["webhook", "email"],
            "content_type": "markdown",
            "priority": 3,
            "status": 0,
            "timestamp": "2026-01-01T12:00:00.500000",
            "metadata": {"user_uuid": None, "template_id": None, "title": "🔔 Webhook 测试通知"},
            "kwargs": {
                "webhook_url": f" {DISCORD_URL}\n",
                "color": 0x5865F2,
                "to": "t@example.com",
            },
        }
    )
    assert notification == Notification(
        "测试消息 #1 - 12:00:00",
        (Request("webhook", (DISCORD_URL,)), Request("email", ("t@example.com",))),
        message_id="msg_20260101120000000001",
        title="🔔 Webhook 测试通知",
        content_type=ContentType.MARKDOWN,
        priority=Priority.URGENT,
        timestamp=1767268800.5,
        color=0x5865F2,
        metadata=Metadata(title="🔔 Webhook 测试通知"),
    )


def test_nulls_and_empty_texts_are_absent_values() -> None:
    """Optional members say nothing when they are null or empty."""
    absent: dict[str, Any] = dict.fromkeys(
        ("message_id", "timestamp", "expires_at", "ordering_key"), ""
    )
    nulls: dict[str, Any] = dict.fromkeys(("content_type", "priority", "ttl_seconds", "metadata"))
    kwargs: dict[str, Any] = {
        **dict.fromkeys(("webhook_url", "footer", "author", "url", "username", "subject"), ""),
        **dict.fromkeys(("embed", "embeds", "color", "fields", "html"), None),
        "to": [],
    }
    smallest = envelope(channels=["webhook", "email"])
    assert read({**smallest, **absent, **nulls, "kwargs": kwargs}) == read(smallest)


def test_the_appearance_is_taken_over() -> None:
    """Colour, fields, footer, author, link and sender stand in kwargs."""
    notification = read(
        envelope(
            kwargs={
                "color": "#00FF00",
                "fields": [
                    {"name": "a", "value": "b", "inline": True},
                    {"name": "price", "value": 12.5},
                    {"name": "count", "value": 3, "inline": None},
                    {"name": "open", "value": False},
                ],
                "footer": "Ginkgo",
                "author": {"name": "Bot", "url": "https://example.com", "icon_url": ""},
                "url": "https://example.com/1",
                "username": "notifier",
                "avatar_url": "https://example.com/a.png",
            }
        )
    )
    assert notification.color == 0x00FF00
    assert notification.fields == (
        Field("a", "b", inline=True),
        Field("price", "12.5"),
        Field("count", "3"),
        Field("open", "false"),
    )
    assert notification.footer == Footer("Ginkgo")
    assert notification.author == Author("Bot", "https://example.com")
    assert notification.url == "https://example.com/1"
    assert notification.sender == Sender("notifier", "https://example.com/a.png")


@pytest.mark.parametrize(
    ("kwargs", "footer", "author"),
    [
        (
            {"footer": {"text": "t", "icon_url": "i"}, "author": "Bot"},
            Footer("t", "i"),
            Author("Bot"),
        ),
        ({"footer": {"icon_url": "i"}, "author": {"url": "u"}}, None, None),
    ],
)
def test_footer_and_author_are_texts_or_objects(
    kwargs: dict[str, Any], footer: Footer | None, author: Author | None
) -> None:
    """Either form is taken; one without its text or name says nothing."""
    notification = read(envelope(kwargs=kwargs))
    assert (notification.footer, notification.author) == (footer, author)


def test_embeds_are_taken_over() -> None:
    """A single embed comes before the list; empty ones, which Discord refuses, are left out."""
    whole = {
        "title": "t",
        "description": "d",
        "url": "u",
        "timestamp": "2026-01-01T00:00:00Z",
        "color": "0xFF",
        "footer": {"text": "f"},
        "image": {"url": "i"},
        "thumbnail": {},
        "author": {"name": "n"},
        "fields": [{"name": "a", "value": 1}],
        "video": {"unknown": True},
    }
    notification = read(envelope(kwargs={"embed": whole, "embeds": [{}, {"title": "second"}]}))
    assert notification.embeds == (
        Embed(
            title="t",
            description="d",
            url="u",
            timestamp="2026-01-01T00:00:00Z",
            color=255,
            footer=Footer("f"),
            image=Image("i"),
            author=Author("n"),
            fields=(Field("a", "1"),),
        ),
        Embed(title="second"),
    )


def test_mail_addresses_are_texts_or_lists() -> None:
    """As the producer wrote them, names included, each once."""
    notification = read(
        envelope(
            channels=["email"],
            kwargs={
                "to": 'a@example.com, "Doe, Jane" <b@example.com>,,a@example.com',
                "cc": ["c@example.com", "d@example.com, e@example.com"],
                "bcc": "f@example.com",
                "subject": "s",
                "html": "<p>h</p>",
            },
        )
    )
    to = ("a@example.com", '"Doe, Jane" <b@example.com>')
    assert notification.requests == (Request("email", to),)
    assert notification.mail == Mail(
        cc=("c@example.com", "d@example.com", "e@example.com"),
        bcc=("f@example.com",),
        subject="s",
        html="<p>h</p>",
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n\u3000"}, "content"),
        ({"channels": []}, "channels"),
        ({"channels": ""}, "channels"),
        ({"channels": [None, " "]}, "channels"),
    ],
)
def test_nothing_to_say_or_nobody_to_tell_is_refused(changes: dict[str, Any], field: str) -> None:
    """Only that costs a notification."""
    with pytest.raises(InvalidRecordError) as caught:
        read(envelope(**changes))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"expires_at": "2026-02-30"}, "expires_at"),
        ({"ttl_seconds": -1}, "ttl_seconds"),
        ({"ttl_seconds": True}, "ttl_seconds"),
        ({"kwargs": {"color": 0x1000000}}, "kwargs.color"),
        ({"kwargs": {"color": -1}}, "kwargs.color"),
        ({"kwargs": {"color": "green"}}, "kwargs.color"),
        ({"kwargs": {"embed": {"title": "t", "color": "green"}}}, "kwargs.embed.color"),
        ({"kwargs": {"embeds": [{}, {"timestamp": "now"}]}}, "kwargs.embeds[1].timestamp"),
    ],
)
def test_values_that_cannot_be_used_are_noted_by_field(changes: dict[str, Any], field: str) -> None:
    """What has the right type and cannot be used is left out like a wrong type."""
    assert [note.field for note in read(envelope(**changes)).notes] == [field]


@pytest.mark.parametrize(
    ("given", "subject", "noted"),
    [
        ("disk full\n", "disk full", False),
        ("a\r\nBcc: b@example.com", "a Bcc: b@example.com", True),
        ("a\u2028b", "a b", True),
        ("\n \n", None, False),
    ],
)
def test_a_subject_is_one_line(given: str, subject: str | None, *, noted: bool) -> None:
    """A line break would forge mail headers, and is not worth the mail."""
    notification = read(envelope(channels=["discord", "email"], kwargs={"subject": given}))
    assert notification.mail.subject == subject
    assert bool(notification.notes) is noted


@pytest.mark.parametrize(
    ("priority", "read_as"),
    [
        (-1, 0),
        (0, 0),
        (3, 3),
        (4, 3),
        (10**30, 3),
        (2.4, 2),
        ("2", 2),
        (" high ", 2),
        ("urgent", 3),
    ],
)
def test_a_priority_is_the_nearest(priority: object, read_as: int) -> None:
    """Numbers, numbers as texts, and the names of priorities."""
    assert read(envelope(priority=priority)).priority == read_as


@pytest.mark.parametrize(
    ("kwargs", "content_type", "read_as", "html"),
    [
        ({"html": True}, None, ContentType.HTML, None),
        ({"html": True}, "markdown", ContentType.HTML, None),
        ({"html": False}, None, ContentType.TEXT, None),
        ({"html": False}, "html", ContentType.TEXT, None),
        ({"html": False}, "markdown", ContentType.MARKDOWN, None),
        ({"html": "<p>h</p>"}, None, ContentType.TEXT, "<p>h</p>"),
        ({"html": ""}, "html", ContentType.HTML, None),
    ],
)
def test_html_is_a_text_or_says_what_the_content_is(
    kwargs: dict[str, Any], content_type: str | None, read_as: ContentType, html: str | None
) -> None:
    """The original's mail channel takes a flag, others the alternative itself."""
    notification = read(envelope(content_type=content_type, kwargs=kwargs))
    assert (notification.content_type, notification.mail.html) == (read_as, html)
    assert notification.notes == ()


def test_each_channel_is_asked_once() -> None:
    """A channel that is named twice is one request; capitals and a single name are no matter."""
    requests = read(envelope(channels=["console", "webhook", "Console "])).requests
    assert requests == (Request("console"), Request("webhook"))
    assert read(envelope(channels="email")).requests == (Request("email"),)


def test_an_unknown_channel_fails_alone() -> None:
    """Beside one that is known; the request says why it cannot be met."""
    known, unknown, odd = read(envelope(channels=["webhook", "pigeon", 5])).requests
    assert known == Request("webhook")
    assert (unknown.channel, unknown.addresses) == ("unknown", ("pigeon",))
    assert unknown.problem is not None
    assert unknown.problem.field == "channels"
    assert "got 'pigeon'" in unknown.problem.problem
    assert odd.addresses == ("5",)


def test_nothing_but_unknown_channels_is_nobody_to_tell() -> None:
    """The error says which there are."""
    with pytest.raises(UnroutableError, match="email or console"):
        read(envelope(channels=["pigeon", "fax"]))


def test_without_content_the_embed_is_what_is_said() -> None:
    """As in the original, whose embedded templates have their text in there."""
    embed = {
        "title": "t",
        "description": "d",
        "color": 255,
        "fields": [{"name": "a", "value": "b"}],
        "footer": {"text": "f"},
        "image": {"url": "https://example.com/i.png"},
    }
    notification = read(envelope(content="", kwargs={"embed": embed}))
    assert (notification.title, notification.content, notification.color) == ("t", "d", 255)
    assert notification.fields == (Field("a", "b"),)
    assert notification.footer == Footer("f")
    assert notification.embeds == (Embed(image=Image("https://example.com/i.png")),)


@pytest.mark.parametrize(
    ("kwargs", "content", "content_type"),
    [
        ({"embeds": [{"color": 1}, {"title": "t"}]}, "t", ContentType.MARKDOWN),
        ({"embed": {"fields": [{"name": "a", "value": 1}]}}, "a: 1", ContentType.MARKDOWN),
        ({"html": "<p>h</p>"}, "<p>h</p>", ContentType.HTML),
    ],
)
def test_without_content_whatever_says_something_is_said(
    kwargs: dict[str, Any], content: str, content_type: ContentType
) -> None:
    """An embed's title or fields, or the HTML of the mail."""
    notification = read(envelope(content=" ", kwargs=kwargs))
    assert (notification.content, notification.content_type) == (content, content_type)


def test_without_content_the_template_that_is_named_is_rendered() -> None:
    """With the kwargs as its context: so the original's producers send a template's variables."""
    message = envelope(content="", metadata={"template_id": "own"}, kwargs={"price": 1.5})
    notification = read(message)
    assert (notification.title, notification.content) == ("own", '{"price": 1.5}')
    assert read({**message, "content": "said"}).content == "said"


def test_the_robots_secret_is_no_decoration_that_is_shown() -> None:
    """It is read, and nowhere in what the notification says."""
    message = envelope(kwargs={"webhook_url": HOOK_URL, "secret": "the-secret"})
    assert "the-secret" not in repr(read(message))


def test_the_users_contacts_stand_in_for_missing_addresses() -> None:
    """Own addresses come first, then the user's contacts of that type."""
    message = envelope(
        channels=["webhook", "discord", "email", "console"],
        metadata={"user_uuid": "trader-001"},
        kwargs={"to": "own@example.com"},
    )
    assert read(message).requests == (
        Request("webhook", (DISCORD_URL,), "user 'trader-001'"),
        Request("discord", (DISCORD_URL,), "user 'trader-001'"),
        Request("email", ("own@example.com",)),
        Request("console"),
    )


def test_an_own_url_goes_before_the_contacts() -> None:
    """The producer's word counts more than the recipients file."""
    message = envelope(metadata={"user_uuid": "trader-001"}, kwargs={"webhook_url": HOOK_URL})
    assert read(message).requests == (Request("webhook", (HOOK_URL,)),)


def test_an_unknown_user_leaves_the_address_to_the_defaults() -> None:
    """An envelope's user is a hint, not an addressee that must be known."""
    assert read(envelope(metadata={"user_uuid": "test-user"})).requests == (Request("webhook"),)


@pytest.mark.parametrize(
    ("changes", "expires_at"),
    [
        ({}, None),
        ({"expires_at": "1970-01-01T00:01:00Z"}, 60.0),
        ({"ttl_seconds": 60}, RECORD_TIME + 60),
        ({"ttl_seconds": 60, "timestamp": "1970-01-01T00:00:00"}, 60.0),
        ({"ttl_seconds": 60, "expires_at": "1970-01-01T00:00:30Z"}, 30.0),
        ({"ttl_seconds": 0, "expires_at": "2026-01-01T00:00:00Z"}, RECORD_TIME),
    ],
)
def test_the_time_to_live_counts_from_the_messages_own_time(
    changes: dict[str, Any], expires_at: float | None
) -> None:
    """Else from the record's; with both an end and a time to live, the earlier counts."""
    assert read(envelope(**changes)).expires_at == expires_at
