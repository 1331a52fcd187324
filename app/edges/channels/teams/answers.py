"""A workflow's answers: 202 says that it was started, not that it has posted."""

from typing import Any

import msgspec

from app.edges.channels.answers import judge, quote_body, read_json, retry_after
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Delivered, Denied, Gone, Outcome, RateLimited, Rejected

_GONE = ("workflowtriggerisnotenabled", "workflownotfound", "workflowtriggernotfound")
_HIDDEN_LIMIT = b"returned HTTP error 429"
"""Older endpoints put it into a 200."""


class _Answer(msgspec.Struct):
    error: Any = None


_decoder = msgspec.json.Decoder(_Answer)


def classify(answer: HttpAnswer, now: float, target: Target) -> Outcome:
    """Return the outcome that an answer stands for."""
    after = retry_after(answer.headers.get("retry-after"), now)
    if 200 <= answer.status < 300:
        if _HIDDEN_LIMIT in answer.body:
            return RateLimited(f"HTTP {answer.status}: {quote_body(answer, target)}", after)
        return Delivered()
    said = quote_body(answer, target)
    error = f"HTTP {answer.status}: {said}"
    if _code(answer) in _GONE:
        return Gone(f"{error} (turn the workflow on, or make a new one)")
    if answer.status in (401, 403):
        hint = "copy the whole URL again, and let anyone start the workflow"
        return Denied(f"{error} ({hint})", certain=True)
    if answer.status in (400, 413):
        return Rejected(error, form=True)
    return judge(answer, said, now)


def _code(answer: HttpAnswer) -> str:
    read = read_json(_decoder, answer)
    error = read.error if read else None
    code = error.get("code") if isinstance(error, dict) else None
    return code.lower() if isinstance(code, str) else ""
