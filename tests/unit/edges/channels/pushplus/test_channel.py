"""PushPlus: what is sent, which token an address names, what codes mean."""

import json
from urllib.parse import urlsplit

import pytest

from app.edges.channels.pushplus import SPEC
from app.edges.channels.pushplus.address import Place, place_of
from app.values.notification import ContentType, Notification
from app.values.outcome import Delivered, Denied, Outcome, RateLimited, Rejected, Retry
from tests.support.channels import KNOWN
from tests.support.chats import NOW, outcome_of, requests_of

SEND = "https://www.pushplus.plus/send"
URL = f"{SEND}?token=be8652e98bd0&topic=risk"


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (URL, Place(SEND, {"token": "be8652e98bd0", "topic": "risk"})),
        (f"{SEND}/be8652e98bd0", Place(SEND, {"token": "be8652e98bd0"})),
        (f"{SEND}/?token=a&x=1", Place(SEND, {"token": "a"})),
        ("https://www.pushplus.plus/?token=a", Place(SEND, {"token": "a"})),
        (SEND, Place(SEND, {})),
    ],
)
def test_which_token_an_address_names(address: str, place: Place) -> None:
    """In the query or in the path; a group and a way to go belong into the request."""
    assert place_of(address) == place
    assert (SPEC.needs(urlsplit(address)) == "") is bool(place.members)


def test_text_and_markdown_have_templates_of_their_own() -> None:
    """Foreign text is no HTML."""
    (request,) = requests_of(SPEC, Notification("<b>", (), title="T"), URL)
    assert request.url == SEND
    members = {"token": "be8652e98bd0", "topic": "risk"}
    assert json.loads(request.body) == {
        **members,
        "content": "<b>",
        "template": "txt",
        "title": "T",
    }
    marked = Notification("**b**", (), content_type=ContentType.MARKDOWN)
    (request,) = requests_of(SPEC, marked, URL)
    assert json.loads(request.body) == {**members, "content": "**b**", "template": "markdown"}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (200, Delivered),
        (302, Denied),
        (401, Denied),
        (403, Denied),
        (500, Retry),
        (600, Rejected),
        (888, RateLimited),
        (900, RateLimited),
        (903, Denied),
        (905, Denied),
        (999, Rejected),
    ],
)
def test_what_codes_mean(code: int, kind: type[Outcome]) -> None:
    """Whatever the status, which is always 200."""
    assert type(outcome_of(SPEC, URL, 200, json.dumps({"code": code, "msg": "m"}))) is kind


def test_without_a_code_nothing_was_accepted() -> None:
    """Whoever answered was not PushPlus; its token is hidden."""
    assert isinstance(outcome_of(SPEC, URL, 200, "<html>"), Retry)
    assert isinstance(outcome_of(SPEC, URL, 502, ""), Retry)
    assert "be8652e98bd0" not in KNOWN.redact(URL)


def test_whoever_asked_too_often_waits_for_the_next_day() -> None:
    """In China; going on makes it worse."""
    limited = outcome_of(SPEC, URL, 200, '{"code": 900, "msg": "用户账号使用受限"}')
    assert isinstance(limited, RateLimited)
    assert limited.after is not None
    assert (NOW + limited.after + 8 * 3600) % 86_400 == 60
