"""Bark: what is pushed, which device an address names, what answers mean."""

import json
from urllib.parse import urlsplit

import pytest

from app.edges.channels.bark import SPEC
from app.edges.channels.bark.address import Place, place_of
from app.values.notification import Notification, Priority
from app.values.outcome import Delivered, Gone, Outcome, RateLimited, Rejected, Retry
from tests.support.channels import KNOWN
from tests.support.chats import channel_of, delivery, outcome_of, requests_of

KEY = "abcdefghijklmnopqrstuv"
DEVICE = f"https://api.day.app/{KEY}"


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (DEVICE, Place("https://api.day.app/push", KEY)),
        (f"{DEVICE}/Title/Body text", Place("https://api.day.app/push", KEY)),
        (f"https://h.example/bark/{KEY}/x", Place("https://h.example/bark/push", KEY)),
        ("https://h.example/short", Place("https://h.example/push", "short")),
        (
            f"https://h.example/b/push?device_key={KEY}&a=1",
            Place("https://h.example/b/push?a=1", KEY),
        ),
        ("https://h.example/", Place("https://h.example/push", "")),
    ],
)
def test_which_device_an_address_names(address: str, place: Place) -> None:
    """As the app shows it, with whatever people leave behind the key."""
    assert place_of(address) == place
    assert (SPEC.needs(urlsplit(address)) == "") is bool(place.key)


def test_a_push_says_how_urgent_it_is_and_has_an_id() -> None:
    """The same for every try: a repeated one replaces the first; another notification's differs."""
    told = Notification("text", (), title="T", url="https://x.example/", priority=Priority.HIGH)
    (request,) = requests_of(SPEC, told, DEVICE)
    body = json.loads(request.body)
    assert len(body.pop("id")) == 32
    assert request.url == "https://api.day.app/push"
    assert body == {
        "device_key": KEY,
        "body": "text\nhttps://x.example/",
        "title": "T",
        "url": "https://x.example/",
        "level": "timeSensitive",
    }
    channel = channel_of(SPEC)
    sent = delivery(told, DEVICE)
    assert channel.request([sent], 0.0).body == channel.request([sent], 9.0).body == request.body
    assert channel.request([sent, sent], 0.0).body != request.body
    long = Notification("text", (), url=f"https://x.example/{'a' * 600}")
    (request,) = requests_of(SPEC, long, DEVICE)
    assert "url" not in json.loads(request.body)


def answered(code: int, message: str) -> tuple[int, str]:
    """Return an answer."""
    return code, json.dumps({"code": code, "message": message})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answered(200, "success"), Delivered),
        ((200, "<html>"), Retry),
        ((502, "<html>"), Retry),
        (answered(400, "failed to get device token: x"), Gone),
        (answered(400, "device key is empty"), Gone),
        (answered(500, "push failed: BadDeviceToken"), Gone),
        (answered(500, "push failed: Unregistered"), Gone),
        (answered(500, "push failed: TooManyRequests"), RateLimited),
        (answered(500, "push failed: PayloadTooLarge"), Rejected),
        (answered(400, "request bind failed: x"), Rejected),
        (answered(500, "push failed: InternalServerError"), Retry),
        ((200, '{"code": 500, "message": "push failed: x"}'), Retry),
    ],
)
def test_what_answers_mean(answer: tuple[int, str], kind: type[Outcome]) -> None:
    """Its own code and Apple's reason decide; the key is hidden."""
    assert type(outcome_of(SPEC, DEVICE, *answer)) is kind
    assert KEY not in KNOWN.redact(DEVICE)
    assert KEY not in repr(outcome_of(SPEC, DEVICE, *answered(400, f"failed: {KEY}")))
