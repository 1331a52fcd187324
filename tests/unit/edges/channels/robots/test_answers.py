"""What robots answer: a code decides, whatever the status is, and no code accepts nothing."""

import json
from collections.abc import Callable
from email.utils import formatdate
from functools import partial
from typing import Any

import pytest

from app.edges.channels.dingtalk.answers import classify as by_dingtalk
from app.edges.channels.feishu.answers import classify as by_feishu
from app.edges.channels.service_clock import UNDER_WAY, ServiceClocks
from app.edges.channels.wecom.answers import classify as by_wecom
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.notification import Access
from app.values.outcome import Delivered, Denied, Gone, Outcome, RateLimited, Rejected, Retry, Scope

NOW = 1_700_000_000.0
SECRET = "SECRETSECRET"
HOUR = 3600.0
ADDRESSES = {
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/very-secret-token",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=very-secret-token",
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=very-secret-token",
}
Classify = Callable[[HttpAnswer, float, Target], Outcome]


def target(name: str, secret: str | None = SECRET) -> Target:
    """Return a robot."""
    return Target(name, ADDRESSES[name], "label", Access(secret=secret))


def classifiers(clocks: ServiceClocks | None = None) -> dict[str, Classify]:
    """Return how each service's answers are read."""
    known = clocks or ServiceClocks()
    return {
        "feishu": partial(_with_clocks, by_feishu, known),
        "dingtalk": partial(_with_clocks, by_dingtalk, known),
        "wecom": by_wecom,
    }


def _with_clocks(
    read: Any, clocks: ServiceClocks, answer: HttpAnswer, now: float, to: Target
) -> Outcome:
    outcome: Outcome = read(answer, now, to, clocks)
    return outcome


def said(name: str, code: object, message: str = "", **more: Any) -> bytes:
    """Return a body as the service writes it."""
    members = ("code", "msg") if name == "feishu" else ("errcode", "errmsg")
    return json.dumps({members[0]: code, members[1]: message, **more}).encode()


def read(
    name: str, body: bytes, status: int = 200, secret: str | None = SECRET, **headers: str
) -> Outcome:
    """Return what an answer means."""
    answer = HttpAnswer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)
    outcome = classifiers()[name](answer, NOW, target(name, secret))
    assert "very-secret-token" not in repr(outcome)
    return outcome


CODES: list[tuple[str, int, str, type]] = [
    ("feishu", 0, "success", Delivered),
    ("feishu", 9499, "Bad Request", Rejected),
    ("feishu", 19001, "param invalid: incoming webhook access token invalid", Gone),
    ("feishu", 19002, "params error, msg_type need", Rejected),
    ("feishu", 19021, "sign match fail or timestamp is not within one hour", Denied),
    ("feishu", 19022, "Ip Not Allowed", Denied),
    ("feishu", 19024, "Key Words Not Found", Denied),
    ("feishu", 19036, "too large", Rejected),
    ("feishu", 11232, "frequency limited psm", RateLimited),
    ("feishu", 11246, "Failed to create card content", Rejected),
    ("feishu", 11247, "internal send message rate limited", RateLimited),
    ("feishu", 99991403, "quota", RateLimited),
    ("feishu", 424242, "new", Retry),
    ("dingtalk", 0, "ok", Delivered),
    ("dingtalk", -1, "系统繁忙", Retry),
    ("dingtalk", 130101, "send too fast, exceed 20 times per minute", RateLimited),
    ("dingtalk", 410100, "发送速度太快而限流", RateLimited),
    ("dingtalk", 424242, "send too fast", RateLimited),
    ("dingtalk", 90018, "qps", RateLimited),
    ("dingtalk", 90030, "quota", RateLimited),
    ("dingtalk", 310000, "keywords not in content, more: [https://ding.example]", Denied),
    ("dingtalk", 310000, "description:关键词不匹配;solution:请联系群管理员", Denied),
    ("dingtalk", 310000, "sign not match, more: [https://ding.example]", Denied),
    (
        "dingtalk",
        310000,
        "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳",
        Denied,
    ),
    ("dingtalk", 310000, "ip 203.0.113.5 not in whitelist", Denied),
    ("dingtalk", 310000, "invalid timestamp", Retry),
    ("dingtalk", 300001, "token is not exist", Gone),
    ("dingtalk", 300005, "token is not exist", Gone),
    ("dingtalk", 400013, "group", Gone),
    ("dingtalk", 400102, "stopped", Gone),
    ("dingtalk", 400105, "type", Rejected),
    ("dingtalk", 430104, "content", Rejected),
    ("dingtalk", 460101, "body 大小不合法", Rejected),
    ("wecom", 0, "ok", Delivered),
    ("wecom", -1, "system error", Retry),
    ("wecom", 45009, "api freq out of limit", RateLimited),
    ("wecom", 45033, "concurrency", RateLimited),
    ("wecom", 93000, "invalid webhook url, hint: [1]", Gone),
    ("wecom", 93000, "Invalid input : content exceed max length. hint: [1]", Rejected),
    ("wecom", 40058, "markdown.content exceed max length 4096.", Rejected),
    ("wecom", 40008, "invalid message type", Rejected),
    ("wecom", 424242, "new", Retry),
]


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize(("name", "code", "words", "kind"), CODES)
def test_the_code_decides_and_not_the_status(
    name: str, code: int, words: str, kind: type, status: int
) -> None:
    """What the codes mean; one that nobody knows is judged by the status, or tried again."""
    if code == 424242 and status != 200 and kind is Retry:
        assert isinstance(read(name, said(name, code, words), status), Denied | Retry)
        return
    assert type(read(name, said(name, code, words), status)) is kind


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"<html>",
        b"[]",
        b"{}",
        b'{"code": null}',
        b'{"code": "0"}',
        b'{"errcode": true}',
    ],
)
def test_without_a_code_nothing_was_accepted(name: str, body: bytes) -> None:
    """It may be a relay's page; with another status that decides."""
    body = body.replace(b'"code"', b'"errcode"') if name != "feishu" else body
    assert isinstance(read(name, body), Retry)
    assert isinstance(read(name, body, 502), Retry)
    assert isinstance(read(name, body, 404), Rejected)
    assert isinstance(read(name, body, 429), RateLimited)


def test_feishus_old_twin_fields_count_where_there_are_no_others() -> None:
    """Some endpoints know only those."""
    assert isinstance(read("feishu", b'{"StatusCode": 0, "StatusMessage": "success"}'), Delivered)
    assert isinstance(read("feishu", b'{"StatusCode": 19001, "StatusMessage": "x"}'), Gone)
    assert isinstance(read("feishu", b'{"StatusCode": 0, "code": 19001, "msg": "x"}'), Gone)


@pytest.mark.parametrize(
    ("name", "code", "certain"),
    [("feishu", 19022, True), ("feishu", 19024, False), ("feishu", 19021, True)],
)
def test_a_missing_keyword_may_be_about_one_text(name: str, code: int, certain: bool) -> None:
    """A signature or an address is about us at once; what to do about it is said."""
    outcome = read(name, said(name, code, "x"))
    assert isinstance(outcome, Denied)
    assert outcome.certain is certain
    assert "; " in outcome.error


def test_which_of_dingtalks_security_settings_it_is() -> None:
    """One code for all: the words tell, in either language."""
    keyword = read("dingtalk", said("dingtalk", 310000, "关键词不匹配"))
    assert isinstance(keyword, Denied)
    assert not keyword.certain
    for words in ("sign not match", "ip 1.2.3.4 not in whitelist", "不在白名单", "new words"):
        outcome = read("dingtalk", said("dingtalk", 310000, words))
        assert isinstance(outcome, Denied)
        assert outcome.certain


def test_how_long_a_limit_lasts_is_found_out() -> None:
    """No service says it: DingTalk blocks for ten minutes, Feishu for seconds."""
    waits = {}
    for name, code in (("feishu", 11232), ("dingtalk", 130101), ("wecom", 45009)):
        outcome = read(name, said(name, code, "x"))
        assert isinstance(outcome, RateLimited)
        waits[name] = outcome.after, outcome.longest
    assert waits == {"feishu": (1.0, 60.0), "dingtalk": (60.0, 600.0), "wecom": (60.0, 600.0)}


@pytest.mark.parametrize(
    ("value", "after"), [("7", 7.0), ("", 1.0), ("soon", 1.0), ("-1", 1.0), ("1e99", 3600.0)]
)
def test_feishus_gateway_names_its_wait(value: str, after: float) -> None:
    """In a header of its own, with a status that may be 400."""
    body = said("feishu", 99991400, "request trigger frequency limit")
    outcome = read("feishu", body, 400, **{"x-ogw-ratelimit-reset": value})
    assert isinstance(outcome, RateLimited)
    assert outcome.after == after


@pytest.mark.parametrize(("wait", "after"), [(5, 300.0), ("x", 600.0), (None, 600.0)])
def test_a_ban_of_this_machines_address_holds_for_all_robots(wait: object, after: float) -> None:
    """DingTalk's firewall answers without a code."""
    body = json.dumps({"status": 1111, "wait": wait, "source": "x5", "punish": "deny"}).encode()
    outcome = read("dingtalk", body)
    assert isinstance(outcome, RateLimited)
    assert (outcome.after, outcome.scope) == (after, Scope.HOST)


def test_wecom_is_not_quoted_with_our_own_address() -> None:
    """It repeats the address from which it was asked, and an id of the request."""
    words = "invalid webhook url, hint: [1592021214_50_551f], from ip: 203.0.113.231, more info"
    for body in (said("wecom", 93000, words), said("wecom", 424242, words), words.encode()):
        outcome = read("wecom", body)
        assert isinstance(outcome, Gone | Retry)
        assert "203.0.113" not in outcome.error
        assert "551f" not in outcome.error
        assert "more info" in outcome.error


def test_what_a_service_repeats_of_our_secret_is_hidden() -> None:
    """Whoever writes the answer."""
    for name in ADDRESSES:
        for status in (200, 400):
            outcome = read(name, said(name, 424242, "got SECRETSECRET, very-secret-token"), status)
            assert "SECRETSECRET" not in repr(outcome)


BAD_SIGNATURE = {
    "feishu": said("feishu", 19021, "sign match fail or timestamp is not within one hour"),
    "dingtalk": said("dingtalk", 310000, "description:机器人发送签名不匹配"),
}


@pytest.mark.parametrize("name", BAD_SIGNATURE)
@pytest.mark.parametrize("off", [2 * HOUR, -2 * HOUR])
def test_a_clock_that_is_off_is_put_right(name: str, off: float) -> None:
    """The service's own time is signed with from then on; then a refusal is about the secret."""
    clocks = ServiceClocks()
    judge, to = classifiers(clocks)[name], target(name)
    date = {"Date": formatdate(NOW + off, usegmt=True), "date": formatdate(NOW + off, usegmt=True)}
    answer = HttpAnswer(200, date, BAD_SIGNATURE[name])
    outcome = judge(answer, NOW, to)
    assert isinstance(outcome, Retry)
    assert ("behind" if off > 0 else "ahead of") in outcome.error
    assert clocks.now(to.address, NOW) == NOW + off
    assert clocks.now("https://elsewhere.example/x", NOW) == NOW
    assert isinstance(judge(answer, NOW, to), Retry)  # it was under way when that was found out
    later = NOW + UNDER_WAY + 1
    date = {"date": formatdate(later + off, usegmt=True)}
    assert isinstance(judge(HttpAnswer(200, date, BAD_SIGNATURE[name]), later, to), Denied)


@pytest.mark.parametrize("name", BAD_SIGNATURE)
@pytest.mark.parametrize("date", [formatdate(NOW, usegmt=True), "", "yesterday", "99 Foo 99999"])
def test_a_wrong_signature_is_none_of_the_clocks(name: str, date: str) -> None:
    """Nor if nobody says what time it is."""
    assert isinstance(read(name, BAD_SIGNATURE[name], date=date), Denied)


def test_without_a_secret_no_clock_is_to_blame() -> None:
    """The robot wants a signature, and the contact has no secret."""
    for name, body in BAD_SIGNATURE.items():
        date = formatdate(NOW + 2 * HOUR, usegmt=True)
        outcome = read(name, body, secret=None, date=date)
        assert isinstance(outcome, Denied)
        assert "`secret`" in outcome.error
