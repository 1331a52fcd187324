"""ntfy's answers (binwiederhier/ntfy, server/errors.go)."""

import msgspec

from app.edges.channels.answers import (
    judge,
    judge_stranger,
    quote,
    read_json,
    retry_after,
    secrets_of,
)
from app.edges.channels.quotas import until_midnight
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Delivered, Denied, Outcome, RateLimited, Rejected

QUOTA = 42908
_PATIENCE = 5.0
_LONGEST_PATIENCE = 60.0
"""Seconds between two messages once the first sixty are spent, and seconds for a few of them."""


class _Accepted(msgspec.Struct):
    id: str
    event: str


class _Problem(msgspec.Struct):
    code: int
    error: str = ""


_accepted: msgspec.json.Decoder[_Accepted | _Problem] = msgspec.json.Decoder(_Accepted)
_problem: msgspec.json.Decoder[_Accepted | _Problem] = msgspec.json.Decoder(_Problem)


def classify(answer: HttpAnswer, now: float, target: Target) -> Outcome:
    """Return the outcome that an answer stands for."""
    decoder = _accepted if 200 <= answer.status < 300 else _problem
    read = read_json(decoder, answer)
    if read is None:
        return judge_stranger("ntfy", answer, now, target)
    return Delivered() if isinstance(read, _Accepted) else _refused(answer, read, now, target)


def _refused(answer: HttpAnswer, problem: _Problem, now: float, target: Target) -> Outcome:
    said = quote(problem.error, secrets_of(target.address, target.access))
    error = f"code {problem.code}: {said}"
    if answer.status == 429:
        return _limited(answer, problem, error, now)
    if answer.status in (401, 403):
        hint = "give the contact a header Authorization: Bearer tk_…"
        return Denied(f"{error} ({hint})", certain=True)
    if answer.status in (400, 413):
        return Rejected(error, form=True)
    return judge(answer, f"{problem.code} {said}", now)


def _limited(answer: HttpAnswer, problem: _Problem, error: str, now: float) -> Outcome:
    if problem.code == QUOTA:
        return RateLimited(f"{error} (the day's messages are used up)", until_midnight(now))
    after = retry_after(answer.headers.get("retry-after"), now)
    return RateLimited(error, after or _PATIENCE, longest=_LONGEST_PATIENCE)
