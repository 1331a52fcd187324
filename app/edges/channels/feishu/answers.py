"""Feishu's answers: the code decides, the status says nothing."""

from collections.abc import Mapping
from functools import partial

from app.edges.channels.answers import patience, quote_body
from app.edges.channels.codes import Meaning, judge_by_code, read_answer
from app.edges.channels.service_clock import ServiceClocks
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Denied, Gone, Outcome, RateLimited, Rejected

BAD_SIGNATURE = 19021
_LIMITED_BY_GATEWAY = 99991400
_NAMES = (("code", "msg"), ("StatusCode", "StatusMessage"))
"""Old endpoints know only the second pair."""

_denied = partial(Denied, certain=True)
_limited = partial(RateLimited, after=1.0, longest=60.0)

_unfit = partial(Rejected, form=True)

MEANINGS: Mapping[int, Meaning] = {
    9499: _unfit,
    19001: Gone,
    19002: _unfit,
    BAD_SIGNATURE: _denied,
    19022: _denied,
    19024: Denied,
    19036: _unfit,
    11232: _limited,
    11246: _unfit,
    11247: _limited,
    _LIMITED_BY_GATEWAY: _limited,
    99991403: partial(RateLimited, after=3600.0),
}
"""Source: open.feishu.cn, "Custom bot usage guide"; captured answers in public test files."""

_HINTS = {
    19001: "the robot was taken out of the group, or the URL is wrong",
    BAD_SIGNATURE: "the signature is wrong: write the robot's secret into the contact's `secret`",
    19022: "the robot takes nothing from this machine's address: put it on the robot's list",
    19024: "none of the robot's keywords is in the text: write one into the contact's `keyword`",
    99991403: "the organisation's monthly quota is used up",
}


def classify(answer: HttpAnswer, now: float, target: Target, clocks: ServiceClocks) -> Outcome:
    """Return the outcome that Feishu's answer stands for.

    Args:
        clocks: Learn Feishu's time if the signature's was wrong.
    """
    said = read_answer(answer.body, *_NAMES)
    outcome = judge_by_code(answer, said, MEANINGS, _HINTS, now, target)
    if said.code == BAD_SIGNATURE and target.access.secret:
        return clocks.put_right(answer, target, now) or outcome
    if said.code == _LIMITED_BY_GATEWAY and isinstance(outcome, RateLimited):
        return _by_gateway(answer, outcome)
    return outcome


def _by_gateway(answer: HttpAnswer, outcome: RateLimited) -> RateLimited:
    """Return the same with the wait that the gateway's header names, if it does."""
    try:
        after = patience(float(answer.headers.get("x-ogw-ratelimit-reset") or "nan"))
    except ValueError:
        after = None
    return outcome if after is None else RateLimited(outcome.error, after)


QUESTION = b"{}"
"""Shows nothing; Feishu looks for the robot before it looks at the message."""


def fault(answer: HttpAnswer, target: Target) -> str:
    """Return what an answer to ``QUESTION`` says is wrong; empty if a robot has answered."""
    said = read_answer(answer.body, *_NAMES)
    if said.code is None:
        return f"it does not answer as Feishu does: {quote_body(answer, target)}"
    return _HINTS[said.code] if said.code in (19001, 19022) else ""
