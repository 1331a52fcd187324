"""ntfy: what is published, what an address lacks, what answers mean."""

import json
from urllib.parse import urlsplit

import pytest

from app.edges.channels.ntfy import SPEC
from app.inbox.ntfy import judge
from app.values.notification import ContentType, Notification, Priority
from app.values.outcome import Delivered, Denied, Outcome, RateLimited, Rejected, Retry
from tests.support.chats import NOW, channel_of, merged_request, outcome_of, requests_of

TOPIC = "https://ntfy.example/base/risk-room?auth=x"
DAY = 86_400.0


def test_json_goes_to_the_root_of_the_server() -> None:
    """With title, priority and link; text is no Markdown."""
    told = Notification(
        "*a*", (), title="Risk", color=0xFF0000, url="https://x.example/", priority=Priority.URGENT
    )
    (request,) = requests_of(SPEC, told, TOPIC)
    assert request.url == "https://ntfy.example/base/?auth=x"
    assert json.loads(request.body) == {
        "topic": "risk-room",
        "message": "*a*\nhttps://x.example/",
        "priority": 5,
        "title": "🔴 Risk",
        "click": "https://x.example/",
    }


def test_markdown_says_that_it_is() -> None:
    """And is not merged with what is none; what is merged tells how many more there are."""
    marked = Notification("**a**", (), content_type=ContentType.MARKDOWN)
    plain = [Notification(f"text {number}", (), title="T") for number in range(3)]
    (request,) = requests_of(SPEC, marked, TOPIC)
    assert json.loads(request.body)["markdown"] is True
    assert len(merged_request(SPEC, [marked, *plain], TOPIC)[0]) == 1
    merged, request = merged_request(SPEC, [*plain, marked], TOPIC)
    assert len(merged) == 3
    card = judge(request.body)
    assert (card.title, card.text) == ("T (+2)", "T\ntext 0\n\nT\ntext 1\n\nT\ntext 2")


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://ntfy.sh/topic_1", True),
        ("https://ntfy.sh/", False),
        ("https://ntfy.sh/no.topic", False),
    ],
)
def test_a_topic_must_be_named(url: str, fine: bool) -> None:
    """The error says how an address looks."""
    said = SPEC.needs(urlsplit(url))
    assert (said == "") is fine
    assert fine or "https://host/topic" in said


def problem(code: int, error: str = "no") -> str:
    """Return a refusal's body."""
    return json.dumps({"code": code, "http": code // 100, "error": error})


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, '{"id": "a", "event": "message"}', Delivered),
        (200, "<html>", Retry),
        (400, problem(40009), Rejected),
        (413, problem(41303), Rejected),
        (401, problem(40101), Denied),
        (403, problem(40301), Denied),
        (429, problem(42901), RateLimited),
        (429, "slow down", RateLimited),
        (507, problem(50701), Retry),
        (502, "", Retry),
    ],
)
def test_what_answers_mean(status: int, body: str, kind: type[Outcome]) -> None:
    """By ntfy's own codes."""
    assert type(outcome_of(SPEC, TOPIC, status, body)) is kind


def test_a_used_up_day_ends_at_midnight() -> None:
    """By UTC; a rate ends soon, or when a header says."""
    limited = outcome_of(SPEC, TOPIC, 429, problem(42908))
    assert isinstance(limited, RateLimited)
    assert limited.after is not None
    assert (NOW + limited.after) % DAY == 60
    limited = outcome_of(SPEC, TOPIC, 429, problem(42901), {"Retry-After": "9"})
    assert isinstance(limited, RateLimited)
    assert limited.after == 9.0
    limited = outcome_of(SPEC, TOPIC, 429, problem(42901))
    assert isinstance(limited, RateLimited)
    assert (limited.after, limited.longest) == (5.0, 60.0)
    (limit,) = channel_of(SPEC).limits(TOPIC)
    assert (limit.requests, limit.seconds) == (12, 60.0)
