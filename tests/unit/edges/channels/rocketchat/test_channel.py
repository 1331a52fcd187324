"""Rocket.Chat: what is sent, and what answers mean."""

import json

import pytest

from app.edges.channels.rocketchat import SPEC
from app.values.notification import Embed, Image, Notification
from app.values.outcome import Delivered, Denied, Gone, Outcome, RateLimited, Rejected, Retry
from tests.support.chats import outcome_of, requests_of

HOOK = "https://chat.example/hooks/65f0/abcdefghijklmnopqrstuvwxyz"


def test_each_embed_is_an_attachment_of_its_own() -> None:
    """Its first picture is shown, others are links."""
    pictures = (Image("https://x.example/1.png"), Image("https://x.example/2.png"))
    embed = Embed(
        description="*d*", image=pictures[0], thumbnail=pictures[1], url="https://x.example/"
    )
    (request,) = requests_of(SPEC, Notification("a*b", (), embeds=(embed,)), HOOK)
    first, second = json.loads(request.body)["attachments"]
    assert first["text"] == "a\\*b"
    assert second["text"] == "_d_\nhttps://x.example/\nhttps://x.example/2.png"
    assert second["image_url"] == "https://x.example/1.png"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, '{"success": true}', Delivered),
        (200, '{"success": false, "error": "invalid-channel"}', Gone),
        (200, '{"success": false, "error": "odd"}', Rejected),
        (200, "<html>", Retry),
        (400, '{"success": false, "error": "Invalid integration id or token provided."}', Gone),
        (400, '{"success": false, "error": "error-message-size-exceeded"}', Rejected),
        (401, '{"success": false, "error": "unauthorized"}', Denied),
        (429, '{"success": false, "error": "too many requests"}', RateLimited),
        (500, '{"success": false, "error": "x"}', Retry),
        (502, "", Retry),
    ],
)
def test_what_answers_mean(status: int, body: str, kind: type[Outcome]) -> None:
    """Its own word decides."""
    outcome = outcome_of(SPEC, HOOK, status, body)
    assert type(outcome) is kind
