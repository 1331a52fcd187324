"""Telegram: whatever is to be said, its server takes it and shows all of it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.edges.channels.telegram import SPEC
from app.edges.channels.telegram.dialect import MOST_ENTITIES
from app.edges.http import HttpAnswer
from app.inbox.telegram import judge
from app.policies.texts.plain_text import SHORTENED
from app.values.notification import (
    Author,
    ContentType,
    Field,
    Footer,
    Notification,
    Priority,
)
from app.values.outcome import (
    Delivered,
    Denied,
    Gone,
    Outcome,
    RateLimited,
    Rejected,
    Retry,
)
from tests.support.chats import (
    NOW,
    SHORT_NOTIFICATIONS,
    channel_of,
    delivery,
    merged_request,
    missing,
    outcome_of,
    requests_of,
)
from tests.support.notifications import NOTIFICATIONS

BOT = "https://api.telegram.org/bot123456:AAsecret_token-1/sendMessage"
GROUP = f"{BOT}?chat_id=-1001234567890&message_thread_id=7"


def told(content: str = "text", **parts: Any) -> Notification:
    """Return a notification."""
    return Notification(content, (), **parts)


def body_of(notification: Notification, address: str = GROUP, **how: Any) -> dict[str, Any]:
    """Return the body of the only request."""
    (request,) = requests_of(SPEC, notification, address, **how)
    body: dict[str, Any] = json.loads(request.body)
    return body


@settings(max_examples=50, deadline=None)
@given(NOTIFICATIONS, st.booleans())
def test_telegram_takes_whatever_is_said_and_shows_all_of_it(
    notification: Notification, plain: bool
) -> None:
    """In as many messages as it takes, or with a visible mark; and it calls nobody."""
    shown = [judge(each.body) for each in requests_of(SPEC, notification, GROUP, plain=plain)]
    assert missing(notification, [each.text for each in shown]) == []
    assert [each.mentions for each in shown] == [()] * len(shown)


@settings(max_examples=50, deadline=None)
@given(st.lists(SHORT_NOTIFICATIONS, min_size=2, max_size=5))
def test_what_is_merged_is_taken_as_well(several: list[Notification]) -> None:
    """Every one of them is told."""
    merged, request = merged_request(SPEC, several, GROUP)
    shown = judge(request.body)
    assert not shown.mentions
    if len(merged) > 1:
        assert all(missing(each, [shown.text]) == [] for each in merged)


@given(st.text(alphabet="@ab_<>&;`*é\n ", max_size=300))
def test_names_in_foreign_text_call_nobody(content: str) -> None:
    """Every character is there, and none of them is markup."""
    for plain in (False, True):
        (request,) = requests_of(SPEC, told(f"x{content}x"), GROUP, plain=plain)
        shown = judge(request.body)
        assert shown.text.replace("\u200b", "") == f"x{content}x"
        assert shown.mentions == ()


def test_more_names_than_telegram_keeps_markup_for() -> None:
    """Names are torn apart by a character that nobody sees."""
    (request,) = requests_of(SPEC, told("@somebody " * (MOST_ENTITIES + 1)), GROUP)
    assert judge(request.body).mentions == ()


def test_a_message_has_everything_in_its_place() -> None:
    """Title with its link and a picture of the colour, text, fields, footer; no preview."""
    body = body_of(
        told(
            "drawdown < -3% & @trader",
            title="Risk",
            color=0xFF0000,
            url="https://x.example/?a=1&b=2",
            author=Author("Ginkgo"),
            fields=(Field("Account", "A1"),),
            footer=Footer("System"),
            priority=Priority.LOW,
        )
    )
    assert body == {
        "chat_id": -1001234567890,
        "message_thread_id": 7,
        "parse_mode": "HTML",
        "disable_notification": True,
        "link_preview_options": {"is_disabled": True},
        "text": "<i>Ginkgo</i>\n"
        '🔴 <a href="https://x.example/?a=1&amp;b=2"><b>Risk</b></a>\n'
        "drawdown &lt; -3% &amp; <code>@trader</code>\n"
        "<b>Account: </b>A1\n"
        "<i>System</i>",
    }


def test_markdown_becomes_telegrams_html() -> None:
    """Blocks are closed, whatever they hold."""
    content = (
        "# T\n**b** ~~s~~ `c<` [l](https://x.example)\n> q1\n> q2\n```\n<x>\n```\n- i\n|a|\n|-|"
    )
    body = body_of(told(content, content_type=ContentType.MARKDOWN))
    assert body["text"] == (
        '<b>T</b>\n<b>b</b> <s>s</s> <code>c&lt;</code> <a href="https://x.example">l</a>\n'
        "<blockquote>q1\nq2</blockquote>\n<pre>&lt;x&gt;</pre>\n• i\n<pre>|a|\n|-|</pre>"
    )


def test_plain_text_has_no_markup() -> None:
    """After a refusal of its form; a channel is named as it is."""
    body = body_of(told("a < b", title="T"), f"{BOT}?chat_id=@channel", plain=True)
    assert (body["chat_id"], body["text"]) == ("@channel", "T\na < b")
    assert "parse_mode" not in body


def test_a_long_text_takes_several_messages_and_an_endless_one_is_cut() -> None:
    """Up to three; the footer stands in the last."""
    long = told("line of text\n" * 700, title="T", footer=Footer("end"))
    texts = [judge(each.body).text for each in requests_of(SPEC, long, GROUP)]
    assert len(texts) == 3
    assert texts[0].startswith("T\nline")
    assert texts[-1].endswith("end")
    endless = told("line of text\n" * 5000, footer=Footer("end"))
    requests = requests_of(SPEC, endless, GROUP)
    assert len(requests) == 3
    assert judge(requests[-1].body).text.endswith(f"{SHORTENED}\nend")


def test_a_short_text_with_long_company_takes_as_many_messages_as_it_needs() -> None:
    """Nothing of author, link and footer is left behind."""
    link = f"https://x.example/{'p' * 2000}"
    company = told("x" * 1000, url=link, author=Author("a" * 1000), footer=Footer("f" * 1000))
    requests = requests_of(SPEC, company, GROUP)
    assert len(requests) == 2
    shown = [judge(each.body).text for each in requests]
    assert missing(company, shown) == []
    assert link in shown[0]


def test_the_address_keeps_what_it_does_not_say_itself() -> None:
    """The chat goes into the body; the rest of the query is whoever wrote it's."""
    address = f"{BOT}?chat_id=42&protect_content=true"
    (request,) = requests_of(SPEC, told(), address)
    assert request.url == f"{BOT}?protect_content=true"
    assert json.loads(request.body)["chat_id"] == 42


def refused(status: int, description: str, **parameters: int) -> tuple[int, str]:
    """Return an answer of the Bot API's."""
    said: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return status, json.dumps(said | ({"parameters": parameters} if parameters else {}))


def refused_answer(
    status: int, description: str, **parameters: int
) -> tuple[int, dict[str, str], bytes]:
    """Return the same as an answer is made of."""
    return status, {}, refused(status, description, **parameters)[1].encode()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, '{"ok": true, "result": {"message_id": 5}}'), Delivered),
        ((200, "<html>log in</html>"), Retry),
        ((502, "bad gateway"), Retry),
        (refused(500, "Internal Server Error"), Retry),
        (refused(400, "Bad Request: can't parse entities: x"), Rejected),
        (refused(400, "Bad Request: chat not found"), Gone),
        (refused(403, "Forbidden: bot was blocked by the user"), Gone),
        (refused(403, "Forbidden: bot was kicked from the supergroup chat"), Gone),
        (refused(403, "Forbidden: user is deactivated"), Gone),
        (refused(403, "Forbidden: bot can't initiate conversation with a user"), Denied),
        (refused(400, "Bad Request: not enough rights to send text messages"), Denied),
        (refused(401, "Unauthorized"), Denied),
        (refused(404, "Not Found"), Denied),
        (refused(429, "Too Many Requests: retry after 7", retry_after=7), RateLimited),
        ((429, "slow down"), RateLimited),
    ],
)
def test_what_answers_mean(answer: tuple[int, str], kind: type[Outcome]) -> None:
    """Telegram's words decide; somebody else's 200 is no yes."""
    outcome = outcome_of(SPEC, GROUP, *answer)
    assert type(outcome) is kind
    assert "AAsecret" not in repr(outcome)


def test_how_long_to_wait_stands_in_the_body_or_in_a_header() -> None:
    """The body's word goes first."""
    limited = outcome_of(SPEC, GROUP, *refused(429, "x", retry_after=7), {"Retry-After": "9"})
    assert limited == RateLimited("HTTP 429: x", 7.0)
    limited = outcome_of(SPEC, GROUP, *refused(429, "x"), {"Retry-After": "9"})
    assert limited == RateLimited("HTTP 429: x", 9.0)


def test_a_form_that_is_refused_may_be_sent_as_plain_text() -> None:
    """Whatever else is wrong about a request; a token in the answer is hidden."""
    outcome = outcome_of(SPEC, GROUP, *refused(400, "Bad Request: AAsecret_token-1 is odd"))
    assert outcome == Rejected("HTTP 400: Bad Request: *** is odd", form=True)


def test_a_group_that_moved_is_followed_and_the_operator_is_told() -> None:
    """The next request goes to the new number; notes and health say what to change."""
    channel = channel_of(SPEC)
    sent = delivery(told(), GROUP)
    answer = HttpAnswer(*refused_answer(400, "upgraded", migrate_to_chat_id=-100777))
    for _ in range(2):
        assert isinstance(channel.classify(answer, NOW, sent.targets[0]), Retry)
    assert json.loads(channel.request([sent], NOW).body)["chat_id"] == -100777
    assert any("chat_id=-100777" in note.problem for note in channel.notes(sent))
    assert "write chat_id=-100777" in channel.outdated()["label"]


def test_a_topic_that_is_gone_is_left_out_until_somebody_asks_again() -> None:
    """The chat gets what is for it, and a note says so."""
    channel = channel_of(SPEC)
    sent = delivery(told(), GROUP)
    answer = HttpAnswer(*refused_answer(400, "Bad Request: message thread not found"))
    assert isinstance(channel.classify(answer, NOW, sent.targets[0]), Retry)
    assert "message_thread_id" not in json.loads(channel.request([sent], NOW).body)
    assert any("topic" in note.problem for note in channel.notes(sent))
    assert "the chat gets what is for it" in channel.outdated()["label"]
    channel.ask_again()
    assert channel.outdated() == {}
    assert json.loads(channel.request([sent], NOW).body)["message_thread_id"] == 7
    assert channel.notes(sent) == ()


def test_what_is_remembered_of_chats_is_bounded() -> None:
    """The oldest is forgotten."""
    channel = channel_of(SPEC)
    answer = HttpAnswer(*refused_answer(400, "upgraded", migrate_to_chat_id=-100777))
    addresses = [f"{BOT}?chat_id={number}" for number in range(1, 1002)]
    for address in addresses:
        channel.classify(answer, NOW, delivery(told(), address).targets[0])
    asked = [
        channel.request([delivery(told(), each)], NOW) for each in (addresses[0], addresses[-1])
    ]
    assert [json.loads(each.body)["chat_id"] for each in asked] == [1, -100777]


def test_groups_take_less_than_chats() -> None:
    """Twenty a minute, by Telegram's own word."""
    channel = channel_of(SPEC)
    assert [each.requests for each in channel.limits(GROUP)] == [20]
    assert [each.requests for each in channel.limits(f"{BOT}?chat_id=42")] == [60]
