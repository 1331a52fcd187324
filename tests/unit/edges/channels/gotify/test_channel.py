"""Gotify: what is posted, where the token goes, what answers mean."""

import json
from urllib.parse import urlsplit

import pytest

from app.edges.channels.gotify import SPEC
from app.values.notification import ContentType, Notification, Priority
from app.values.outcome import Delivered, Denied, Outcome, RateLimited, Rejected, Retry
from tests.support.channels import KNOWN
from tests.support.chats import outcome_of, requests_of

URL = "https://push.example/sub/message?token=A1b2C3"


@pytest.mark.parametrize("address", [URL, "https://push.example/sub?token=A1b2C3"])
def test_the_token_goes_into_a_header(address: str) -> None:
    """URLs are logged. Text and Markdown say which they are."""
    told = Notification("*a*", (), title="T", url="https://x.example/", priority=Priority.LOW)
    (request,) = requests_of(SPEC, told, address)
    assert request.url == "https://push.example/sub/message"
    assert request.headers == {"X-Gotify-Key": "A1b2C3"}
    assert json.loads(request.body) == {
        "message": "*a*\nhttps://x.example/",
        "title": "T",
        "priority": 1,
        "extras": {
            "client::display": {"contentType": "text/plain"},
            "client::notification": {"click": {"url": "https://x.example/"}},
        },
    }
    marked = Notification("*a*", (), content_type=ContentType.MARKDOWN)
    (request,) = requests_of(SPEC, marked, "https://push.example/message")
    assert request.headers == {}
    assert json.loads(request.body)["extras"] == {
        "client::display": {"contentType": "text/markdown"}
    }


def test_an_empty_token_is_a_fault_and_a_token_is_hidden() -> None:
    """One may stand in the contact's headers instead."""
    assert "empty token" in SPEC.needs(urlsplit("https://push.example/message?token="))
    assert SPEC.needs(urlsplit("https://push.example/message")) == ""
    assert SPEC.needs(urlsplit(URL)) == ""
    assert "A1b2C3" not in KNOWN.redact(URL)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, '{"id": 5, "message": "x"}', Delivered),
        (200, "<html>", Retry),
        (400, '{"error": "Bad Request"}', Rejected),
        (413, "", Rejected),
        (401, '{"error": "Unauthorized"}', Denied),
        (403, "", Denied),
        (404, "", Rejected),
        (429, "", RateLimited),
        (500, "", Retry),
    ],
)
def test_what_answers_mean(status: int, body: str, kind: type[Outcome]) -> None:
    """A message with an id is a yes."""
    assert type(outcome_of(SPEC, URL, status, body)) is kind
