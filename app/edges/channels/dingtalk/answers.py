"""DingTalk's answers: the code decides, and for one code the text."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.edges.channels.answers import MAX_PATIENCE, patience, quote, secrets_of
from app.edges.channels.codes import Meaning, Said, judge_by_code, read_answer
from app.edges.channels.service_clock import ServiceClocks
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Denied, Gone, Outcome, RateLimited, Rejected, Retry, Scope

SECURITY = 310000
"""One code for every security setting; the text tells which."""
BLOCK = 600.0
"""Seconds for which DingTalk blocks a robot that was too fast, by its documentation."""

_too_fast = partial(RateLimited, after=60.0, longest=BLOCK)
_soon = partial(RateLimited, after=1.0, longest=60.0)
_quota = partial(RateLimited, after=MAX_PATIENCE)

_unfit = partial(Rejected, form=True)

MEANINGS: Mapping[int, Meaning] = {
    -1: partial(Retry, after=30.0),
    130101: _too_fast,
    410100: _too_fast,
    90002: _soon,
    90018: _soon,
    90020: _quota,
    90030: _quota,
    SECURITY: partial(Denied, certain=True),
    300001: Gone,
    300005: Gone,
    400101: Gone,
    400013: Gone,
    400102: Gone,
    400106: Gone,
    40035: _unfit,
    43004: _unfit,
    400105: _unfit,
    400401: _unfit,
    460101: _unfit,
    430101: Rejected,
    430102: Rejected,
    430103: Rejected,
    430104: Rejected,
}
"""Source: open.dingtalk.com, "Custom robots send group messages"; captured answers."""

_HINTS = {
    90020: "the organisation's monthly quota is used up",
    90030: "the organisation's monthly quota of robot messages is used up",
    300001: "no robot has this token: it was removed, or the URL is wrong",
    300005: "no robot has this token: it was removed, or the URL is wrong",
    400101: "no robot has this token: it was removed, or the URL is wrong",
    400013: "the group was dissolved",
    400102: "the robot was stopped",
    400106: "the robot is not in the group",
}
_KEYWORD = ("keyword", "关键词")
_CLOCK = ("invalid timestamp", "timestamp 无效", "timestamp无效", "时间戳无效", "时间戳已过期")
_SIGNATURE = ("sign", "签名")
_ADDRESS = ("whitelist", "白名单")
_TOO_FAST = ("too fast", "20 times per minute", "exceed 20", "发送速度太快")


def classify(answer: HttpAnswer, now: float, target: Target, clocks: ServiceClocks) -> Outcome:
    """Return the outcome that DingTalk's answer stands for.

    Args:
        clocks: Learn DingTalk's time if the signature's was wrong.
    """
    said = read_answer(answer.body, ("errcode", "errmsg"))
    if said.code is None and said.members.get("punish") is not None:
        return _punished(said.members)
    if said.code == SECURITY:
        return _security(answer, said, now, target, clocks)
    if said.code not in MEANINGS and said.code and _mentions(said.message, _TOO_FAST):
        return _too_fast(f"code {said.code}: {quote(said.message)}")
    return judge_by_code(answer, said, MEANINGS, _HINTS, now, target)


def _security(
    answer: HttpAnswer, said: Said, now: float, target: Target, clocks: ServiceClocks
) -> Outcome:
    """Return which of the security settings it is about."""
    words = quote(said.message, secrets_of(target.address, target.access))
    error = f"code {SECURITY}: {words}"
    if _mentions(said.message, _KEYWORD):
        hint = "none of the robot's keywords is in the text: write one into the contact's `keyword`"
        return Denied(f"{error}; {hint}")
    if _mentions(said.message, _ADDRESS):
        hint = "the robot takes nothing from this machine's address: put it on the robot's list"
        return Denied(f"{error}; {hint}", certain=True)
    about_time = _mentions(said.message, _CLOCK)
    if target.access.secret and (about_time or _mentions(said.message, _SIGNATURE)):
        if (right := clocks.put_right(answer, target, now)) is not None:
            return right
        if about_time:
            return Retry(f"{error}; check this machine's clock (NTP)")
    hint = "the signature is wrong: write the robot's secret into the contact's `secret`"
    return Denied(f"{error}; {hint}", certain=True)


def _punished(members: Mapping[str, Any]) -> RateLimited:
    """Return how long this machine's address is banned, for every robot: it asked too often."""
    minutes = members.get("wait")
    after = patience(minutes * 60.0) if isinstance(minutes, int | float) else None
    return RateLimited(
        "DingTalk has banned this machine's address for too many requests",
        BLOCK if after is None else after,
        Scope.HOST,
    )


def _mentions(text: str, words: tuple[str, ...]) -> bool:
    lower = text.lower()
    return any(word in lower for word in words)
