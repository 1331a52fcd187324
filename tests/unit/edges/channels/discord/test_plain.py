"""Embeds that Discord refused are sent as a text that it takes."""

import json

from hypothesis import given, settings

from app.edges.channels.discord import SPEC
from app.inbox.discord.payload import Refusal, judge
from app.policies.texts.plain_text import SHORTENED
from app.values.notification import Author, Embed, Field, Footer, Image, Notification
from app.values.outcome import Gone, Rejected
from tests.support.chats import outcome_of, requests_of
from tests.support.notifications import NOTIFICATIONS

HOOK = "https://discord.com/api/webhooks/1/verysecrettoken"


@settings(max_examples=50, deadline=None)
@given(NOTIFICATIONS)
def test_discord_takes_whatever_is_said_as_plain_text(told: Notification) -> None:
    """Each request of its own."""
    for request in requests_of(SPEC, told, HOOK, plain=True):
        assert not isinstance(judge(request.body), Refusal)
        assert "embeds" not in json.loads(request.body)


def test_a_text_says_what_the_embed_said() -> None:
    """Line by line, and it mentions nobody."""
    told = Notification(
        content="@everyone text",
        requests=(),
        title="T",
        url="https://x.example/",
        author=Author("me"),
        fields=(Field("a", "b"),),
        footer=Footer("f"),
        embeds=(Embed(title="own", image=Image("https://x.example/i.png")),),
    )
    (request,) = requests_of(SPEC, told, HOOK, plain=True)
    assert json.loads(request.body) == {
        "content": "me\nT\nhttps://x.example/\n@everyone text\na: b\nf\n\nown\nhttps://x.example/i.png",
        "allowed_mentions": {"parse": []},
    }
    (request,) = requests_of(SPEC, Notification("x" * 5000, ()), HOOK, plain=True)
    assert json.loads(request.body)["content"].endswith(SHORTENED)


def test_only_what_may_be_about_the_form_is_sent_again() -> None:
    """A bad form is; a webhook that is gone, or a method that is wrong, is not."""
    refused = outcome_of(SPEC, HOOK, 400, '{"message": "Invalid Form Body", "code": 50035}')
    assert isinstance(refused, Rejected)
    assert refused.form
    wrong = outcome_of(SPEC, HOOK, 405, "")
    assert isinstance(wrong, Rejected)
    assert not wrong.form
    assert isinstance(outcome_of(SPEC, HOOK, 404, '{"message": "m", "code": 10015}'), Gone)
