"""WeCom's answers: the code decides, and for one code the text."""

import re
from collections.abc import Mapping
from functools import partial

from msgspec.structs import replace

from app.edges.channels.codes import Meaning, judge_by_code, read_answer
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Gone, Outcome, RateLimited, Rejected, Retry

NO_SUCH_ROBOT = 93000
_TOO_LONG = re.compile("max length|invalid input", re.IGNORECASE)

_unfit = partial(Rejected, form=True)

MEANINGS: Mapping[int, Meaning] = {
    -1: partial(Retry, after=5.0),
    45009: partial(RateLimited, after=60.0, longest=600.0),
    45033: partial(RateLimited, after=3.0, longest=60.0),
    NO_SUCH_ROBOT: Gone,
    40008: _unfit,
    40033: _unfit,
    40058: _unfit,
}
"""Source: developer.work.weixin.qq.com, paths 91770 and 90313; captured answers."""

_HINTS = {
    NO_SUCH_ROBOT: "no robot has this key: it was removed from the group, or the URL is wrong",
}
# It repeats the address from which it was asked, and an id of the request.
_OURS = re.compile(r"(from ip|hint):?\s*(?:\[[^\]\n]*\]?|[0-9a-fA-F.:]+)", re.IGNORECASE)


def classify(answer: HttpAnswer, now: float, target: Target) -> Outcome:
    """Return the outcome that WeCom's answer stands for."""
    said = read_answer(answer.body, ("errcode", "errmsg"))
    said = said._replace(message=_without_ours(said.message))
    if said.code is None:
        body = _without_ours(answer.body.decode(errors="replace")).encode()
        answer = replace(answer, body=body)
    outcome = judge_by_code(answer, said, MEANINGS, _HINTS, now, target)
    if said.code == NO_SUCH_ROBOT and _TOO_LONG.search(said.message):
        # As WeCom said years ago of a text that was too long: it is not about the robot.
        return _unfit(f"code {said.code}: the text is longer than WeCom takes")
    return outcome


def _without_ours(text: str) -> str:
    """Return WeCom's text without this machine's address."""
    return _OURS.sub(r"\1 ***", text)
