"""Mattermost: the attachment that is sent, and what answers mean."""

import json

import pytest

from app.edges.channels.mattermost import SPEC
from app.inbox.mattermost import judge
from app.policies.texts.plain_text import SHORTENED
from app.values.notification import Author, ContentType, Embed, Field, Footer, Notification
from app.values.outcome import Delivered, Denied, Gone, Outcome, RateLimited, Rejected, Retry
from tests.support.channels import KNOWN
from tests.support.chats import outcome_of, requests_of

HOOK = "https://chat.example/hooks/abcdefghijklmnopqrstuvwxyz"


def test_a_message_is_an_attachment_with_everything_in_its_place() -> None:
    """Colour, author, title with its link, text, fields side by side, footer."""
    told = Notification(
        content="**down** @all",
        requests=(),
        content_type=ContentType.MARKDOWN,
        title="Risk",
        color=0xD00000,
        url="https://x.example/1",
        author=Author("Ginkgo", "https://g.example/"),
        fields=(Field("Account", "A_1", inline=True),),
        footer=Footer("System"),
    )
    (request,) = requests_of(SPEC, told, HOOK)
    assert request.url == HOOK
    assert json.loads(request.body) == {
        "attachments": [
            {
                "fallback": "Risk · down @\u200ball",
                "color": "#d00000",
                "author_name": "Ginkgo",
                "author_link": "https://g.example/",
                "title": "Risk",
                "title_link": "https://x.example/1",
                "text": "**down** @\u200ball",
                "fields": [{"title": "Account", "value": "A\\_1", "short": True}],
                "footer": "System",
            }
        ]
    }


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "ok", Delivered),
        (200, "<html>", Retry),
        (400, "Unable to parse incoming data", Rejected),
        (413, "", Rejected),
        (400, "Invalid webhook", Gone),
        (404, "Couldn't find the channel", Gone),
        (400, '{"id":"web.incoming_webhook.invalid.app_error"}', Gone),
        (403, "Inappropriate channel permissions", Denied),
        (501, "Incoming webhooks have been disabled by the system admin", Denied),
        (401, "", Denied),
        (429, "limit exceeded", RateLimited),
        (500, "", Retry),
    ],
)
def test_what_answers_mean(status: int, body: str, kind: type[Outcome]) -> None:
    """Only ok is a yes."""
    assert type(outcome_of(SPEC, HOOK, status, body)) is kind


def test_a_path_alone_tells_nobody_whose_it_is() -> None:
    """Rocket.Chat's look the same: the channel is named; the key is hidden."""
    assert KNOWN.serving("webhook", HOOK).name == "webhook"
    assert KNOWN.serving("mattermost", HOOK).name == "mattermost"
    assert "abcdefgh" not in KNOWN.redact(HOOK)
    outcome = outcome_of(SPEC, HOOK, 400, "bad abcdefghijklmnopqrstuvwxyz")
    assert outcome == Rejected("HTTP 400: bad ***", form=True)


def test_what_one_message_does_not_hold_is_cut() -> None:
    """Fields and embeds beyond its length leave a mark."""
    fields = (Field("name", "v" * 2000),) * 9
    embeds = (Embed(description="d" * 1500),) * 9
    for told in (
        Notification("x" * 4000, (), fields=fields),
        Notification("x" * 4000, (), embeds=embeds),
    ):
        (request,) = requests_of(SPEC, told, HOOK)
        cards, _ = judge(request.body)
        shown = " ".join([card.text for card in cards] + [value for _, value in cards[0].fields])
        assert SHORTENED in shown
        assert len(request.body) < 16_000
    (request,) = requests_of(SPEC, Notification("x " * 20_000, ()), HOOK, plain=True)
    assert judge(request.body)[0][0].text.endswith(SHORTENED)
