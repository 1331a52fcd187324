"""Slack: whatever is to be said, it takes it and shows all of it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.edges.channels.slack import SPEC
from app.edges.channels.slack.dialect import Mrkdwn
from app.inbox.slack import judge, mentions
from app.inbox.slack.mrkdwn import read_mrkdwn
from app.policies.texts.markdown import read_markdown
from app.policies.texts.plain_text import SHORTENED
from app.values.inbox import InboxCard
from app.values.notification import (
    Author,
    ContentType,
    Embed,
    Field,
    Footer,
    Image,
    Notification,
)
from app.values.outcome import Delivered, Denied, Gone, Outcome, RateLimited, Rejected, Retry
from tests.support.chats import (
    SHORT_NOTIFICATIONS,
    channel_of,
    merged_request,
    missing,
    outcome_of,
    requests_of,
)
from tests.support.notifications import NOTIFICATIONS

HOOK = "https://hooks.slack.com/services/T0001/B0002/verysecrettoken"


def told(content: str = "text", **parts: Any) -> Notification:
    """Return a notification."""
    return Notification(content, (), **parts)


def body_of(notification: Notification, **how: Any) -> bytes:
    """Return the body of the only request."""
    (request,) = requests_of(SPEC, notification, HOOK, **how)
    return request.body


def shown(cards: list[InboxCard]) -> list[str]:
    """Return everything that cards show."""
    texts = []
    for card in cards:
        fields = [part for field in card.fields for part in field]
        texts += [card.title or "", card.text, *fields, card.footer or ""]
    return texts


@settings(max_examples=50, deadline=None)
@given(NOTIFICATIONS, st.booleans())
def test_slack_takes_whatever_is_said_and_shows_all_of_it(
    notification: Notification, plain: bool
) -> None:
    """In one message, or with a visible mark; and it calls nobody."""
    body = body_of(notification, plain=plain)
    assert missing(notification, shown(judge(body))) == []
    assert mentions(body) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(SHORT_NOTIFICATIONS, min_size=2, max_size=8))
def test_what_is_merged_is_taken_as_well(several: list[Notification]) -> None:
    """Every one of them is told, in an attachment of its own."""
    merged, request = merged_request(SPEC, several, HOOK)
    cards = judge(request.body)
    assert len(cards) == len(merged)
    for each, card in zip(merged, cards, strict=True):
        assert missing(each, shown([card])) == []


@given(st.text(alphabet="<>!@#&;|*_~`channel here\n", max_size=200))
def test_foreign_text_is_shown_as_it_stands_and_calls_nobody(content: str) -> None:
    """Character by character, line by line."""
    for plain in (False, True):
        body = body_of(told(f"x{content}x"), plain=plain)
        assert judge(body)[0].text == f"x{content}x"
        assert mentions(body) == []


@given(st.text(alphabet="<>!@#&;|*_~`\\channel here\n", max_size=200))
def test_markdown_calls_nobody(content: str) -> None:
    """Whatever it looks like."""
    body = body_of(told(f"x{content}x", content_type=ContentType.MARKDOWN))
    assert mentions(body) == []


def test_a_message_has_everything_in_its_place() -> None:
    """A bar of the colour, author, title, text, fields side by side, link, footer and time."""
    body = body_of(
        told(
            "drawdown < -3% *now*",
            title="Risk",
            color=0xD00000,
            url="https://x.example/?a=1&b=2",
            author=Author("Ginkgo", "https://g.example/"),
            fields=(Field("Account", "A1", inline=True), Field("Note", "long")),
            footer=Footer("System"),
            timestamp=1_700_000_000.0,
        )
    )
    (attachment,) = json.loads(body)["attachments"]
    time = attachment["blocks"][-1]["elements"].pop()
    assert time["text"].startswith("<!date^1700000000^{date_num} {time_secs}|202")
    plain = {"type": "plain_text", "emoji": False}
    assert attachment == {
        "color": "#d00000",
        "fallback": "🔴 Risk · drawdown &lt; -3% *now*",
        "blocks": [
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "<https://g.example/|Ginkgo>"}],
            },
            {"type": "header", "text": {**plain, "text": "Risk"}},
            {"type": "section", "text": {**plain, "text": "drawdown &lt; -3% *now*"}},
            {"type": "section", "fields": [{**plain, "text": "Account\nA1"}]},
            {"type": "section", "text": {**plain, "text": "Note\nlong"}},
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "<https://x.example/?a=1&amp;b=2>"}],
            },
            {"type": "context", "elements": [{**plain, "text": "System"}]},
        ],
    }


def test_more_fields_than_a_section_holds() -> None:
    """Ten side by side, then ten more."""
    body = body_of(told(fields=(Field("n", "v", inline=True),) * 23))
    blocks = json.loads(body)["attachments"][0]["blocks"]
    assert [len(block.get("fields", ())) for block in blocks] == [0, 10, 10, 3]


def test_markdown_becomes_mrkdwn() -> None:
    """Signs stand at edges, between Chinese characters too; literal ones have no effect."""
    content = (
        "# T\n回撤**3.2%**超限 _i_ ~~s~~ `c`\n[l|x](https://x.example)\n> q\n- i\n```\n<x>```\n```"
    )
    text = json.loads(body_of(told(content, content_type=ContentType.MARKDOWN)))
    (block,) = text["attachments"][0]["blocks"]
    assert block["text"]["text"].replace("\u200b", "") == (
        "*T*\n回撤*3.2%*超限 _i_ ~s~ `c`\n<https://x.example|l¦x>\n> q\n• i\n```\n&lt;x&gt;'''\n```"
    )
    for literal in (r"\*no\* \_no\_", "2 * 3 * 4", "snake_case_word"):
        written = Mrkdwn().write(read_markdown(literal))
        assert read_mrkdwn(written).text.replace("\u200b", "") == literal.replace("\\", "")


def test_what_is_too_long_is_cut_with_a_mark() -> None:
    """A text, a title, fields, and embeds beyond what a message holds."""
    cards = judge(body_of(told("word " * 4000, title="t" * 200, footer=Footer("end"))))
    assert cards[0].title is None
    assert SHORTENED in cards[0].text
    assert cards[0].footer == "end"
    embeds = (Embed(title="E", description="d" * 4000, image=Image("https://x.example/i.png")),) * 8
    cards = judge(body_of(told(embeds=embeds)))
    assert 3 <= len(cards) < 9
    assert SHORTENED in "".join(shown(cards))


def test_plain_text_is_a_text() -> None:
    """After a refusal of its form."""
    body = json.loads(body_of(told("a < *b*", title="T"), plain=True))
    assert body == {"text": "T\na &lt; *b*", "mrkdwn": False}
    assert judge(body_of(told(" "), plain=True))[0].text == "(no visible text)"
    long = judge(body_of(told("word " * 4000), plain=True))
    assert long[0].text.endswith(SHORTENED)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "ok", Delivered),
        (200, "ok\n", Delivered),
        (200, "<html>log in</html>", Retry),
        (400, "invalid_blocks", Rejected),
        (400, "no_text", Rejected),
        (400, "user_not_found", Gone),
        (403, "action_prohibited", Denied),
        (403, "invalid_token", Gone),
        (403, "posting_to_general_channel_denied", Denied),
        (404, "no_service", Gone),
        (404, "no_team", Gone),
        (404, "<html>", Rejected),
        (410, "channel_is_archived", Gone),
        (429, '{"ok":false,"error":"rate_limited"}', RateLimited),
        (500, "rollup_error", Retry),
        (503, "", Retry),
    ],
)
def test_what_answers_mean(status: int, body: str, kind: type[Outcome]) -> None:
    """Slack's word decides: a 200 that does not say ok is no yes."""
    assert type(outcome_of(SPEC, HOOK, status, body)) is kind


def test_a_refusal_may_be_about_the_form_and_hides_the_secret() -> None:
    """So that plain text is tried; how long to wait stands in a header."""
    outcome = outcome_of(SPEC, HOOK, 400, "invalid_payload at verysecrettoken")
    assert outcome == Rejected("HTTP 400: invalid_payload at ***", form=True)
    limited = outcome_of(SPEC, HOOK, 429, "rate_limited", {"Retry-After": "30"})
    assert limited == RateLimited("HTTP 429: rate_limited", 30.0)


def test_its_published_limit_is_kept() -> None:
    """One a second, counted over a minute: short bursts are allowed."""
    (limit,) = channel_of(SPEC).limits(HOOK)
    assert (limit.requests, limit.seconds) == (60, 60.0)


def test_several_are_merged_while_a_message_has_room() -> None:
    """By blocks and by length."""
    merged, request = merged_request(SPEC, [told(f"text {n}") for n in range(30)], HOOK)
    assert len(merged) == 20
    assert [card.text for card in judge(request.body)] == [f"text {n}" for n in range(20)]
    long = [told("word " * 1500) for _ in range(4)]
    assert len(merged_request(SPEC, long, HOOK)[0]) == 1
