"""Slack's answers: a status and a word of text (docs.slack.dev, incoming webhooks)."""

from app.edges.channels.answers import judge, quote_body, retry_after
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Delivered, Denied, Gone, Outcome, RateLimited, Rejected, Retry

_GONE = (
    "user_not_found",
    "channel_not_found",
    "channel_is_archived",
    "invalid_token",
    "no_service",
    "no_service_id",
    "no_active_hooks",
    "no_team",
    "team_disabled",
)
_DENIED = (
    "action_prohibited",
    "posting_to_general_channel_denied",
    "posting_to_channel_denied",
)


def classify(answer: HttpAnswer, now: float, target: Target) -> Outcome:
    """Return the outcome that an answer stands for."""
    word = answer.body[:100].decode(errors="replace").strip()
    said = quote_body(answer, target)
    error = f"HTTP {answer.status}: {said}"
    if 200 <= answer.status < 300:
        return Delivered() if word == "ok" else Retry(f"{error}, and not ok")
    if answer.status == 429 or "rate_limited" in word:
        return RateLimited(error, retry_after(answer.headers.get("retry-after"), now))
    if word in _GONE:
        return Gone(f"{error} (make a new incoming webhook)")
    if word in _DENIED:
        return Denied(f"{error} (let the app post in that channel)", certain=True)
    if answer.status == 400:
        return Rejected(error, form=True)
    return judge(answer, said, now)


def fault(answer: HttpAnswer, target: Target) -> str:
    """Return what an answer to nothing says is wrong; empty if a webhook misses its text."""
    outcome = classify(answer, 0.0, target)
    missed = isinstance(outcome, Rejected) and answer.status == 400
    return "" if missed or isinstance(outcome, Delivered) else outcome.error
