"""Server酱: what is sent, which key belongs where, what answers mean."""

import json
from urllib.parse import urlsplit

import pytest

from app.edges.channels.serverchan import SPEC
from app.values.notification import Notification
from app.values.outcome import Delivered, Denied, Outcome, RateLimited, Rejected, Retry
from tests.support.channels import KNOWN
from tests.support.chats import NOW, outcome_of, requests_of

URL = "https://sctapi.ftqq.com/SCT123secret.send"


def test_a_title_is_needed_and_a_long_one_stands_in_the_text_as_well() -> None:
    """The address of this machine is not shown."""
    (request,) = requests_of(SPEC, Notification("a_b\n*c*", ()), URL)
    assert json.loads(request.body) == {"title": "通知", "desp": "a\\_b  \n\\*c\\*", "noip": "1"}
    (request,) = requests_of(SPEC, Notification("x", (), title="t" * 40), URL)
    body = json.loads(request.body)
    assert body["title"] == "t" * 31 + "…"
    assert body["desp"] == f"**{'t' * 40}**  \nx"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (URL, ""),
        ("https://123.push.ft07.com/send/sctp123tabc.send", ""),
        ("https://sctapi.ftqq.com/sctp123tabc.send", "https://123.push.ft07.com/send/"),
        ("https://sctapi.ftqq.com/", "names no key"),
    ],
)
def test_a_key_belongs_to_its_host(url: str, fault: str) -> None:
    """The error says which, and shows no key."""
    said = SPEC.needs(urlsplit(url))
    assert fault in said
    assert bool(said) is bool(fault)
    assert "sctp123tabc" not in said


def answered(status: int, code: int, message: str) -> tuple[int, str]:
    """Return an answer."""
    return status, json.dumps({"code": code, "message": message})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answered(200, 0, ""), Delivered),
        ((200, "{}"), Retry),
        ((502, ""), Retry),
        (answered(400, 40001, "[AUTH]超过当天的发送次数限制[5]"), RateLimited),
        (answered(200, 471, "超过当天的发送次数限制[5]"), RateLimited),
        (answered(400, 40002, "[AUTH]错误的Key"), Denied),
        (answered(404, 404, "no"), Denied),
        (answered(500, 50000, "[SYS]"), Retry),
        (answered(400, 40000, "[INPUT]"), Rejected),
    ],
)
def test_what_answers_mean(answer: tuple[int, str], kind: type[Outcome]) -> None:
    """Its code decides; the key is hidden."""
    assert type(outcome_of(SPEC, URL, *answer)) is kind
    assert "SCT123secret" not in KNOWN.redact(URL)


def test_a_used_up_day_ends_at_midnight_in_china() -> None:
    """So that what waits is sent on the next day."""
    limited = outcome_of(SPEC, URL, *answered(400, 40001, "超过当天的发送次数限制"))
    assert isinstance(limited, RateLimited)
    assert limited.after is not None
    assert (NOW + limited.after + 8 * 3600) % 86_400 == 60
