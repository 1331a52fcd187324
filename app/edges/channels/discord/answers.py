"""Discord's answers."""

import msgspec

from app.edges.channels.answers import (
    judge,
    not_from,
    patience,
    quote,
    quote_body,
    retry_after,
    secrets_of,
)
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Gone, Outcome, RateLimited, Rejected, Scope

BAN_PATIENCE = 60.0
"""Seconds to wait if Discord has banned this machine and does not say for how long."""

_GONE = {404: (10015, "unknown webhook"), 401: (50027, "invalid webhook token")}


class _Problem(msgspec.Struct, frozen=True):
    """Discord's words about a refusal, of whatever types they are (relays write what they like)."""

    message: object = ""
    code: object = 0
    retry_after: msgspec.Raw = msgspec.Raw(b"null")
    is_global: object = msgspec.field(default=False, name="global")
    errors: msgspec.Raw = msgspec.Raw()

    @property
    def wait(self) -> float | None:
        """Seconds until it may be asked again; None if it does not say so in any way."""
        try:
            return patience(float(bytes(self.retry_after).strip(b'"')))
        except ValueError:
            return None


_decoder = msgspec.json.Decoder(_Problem)


def classify(answer: HttpAnswer, now: float, target: Target) -> Outcome:
    """Return the outcome that Discord's answer stands for."""
    if 200 <= answer.status < 300:
        return judge(answer, "", now)
    problem = _read(answer.body)
    said = _said(problem, answer, target) if problem else quote_body(answer, target)
    if answer.status == 429:
        return _rate_limited(answer, problem, said, now)
    if answer.status in (401, 403) and answer.body and not (problem and problem.message):
        # Not Discord's word but a page of what stands in front of it (Cloudflare's error 1015, a
        # relay's firewall): it is about this machine, so everything for the host waits.
        return RateLimited(not_from("Discord", answer.status, said), BAN_PATIENCE, Scope.HOST)
    if gone := _gone(answer.status, problem.code) if problem else None:
        return Gone(f"HTTP {answer.status}: {gone}")
    outcome = judge(answer, said, now)
    if isinstance(outcome, Rejected) and answer.status == 400:
        return Rejected(outcome.error, form=True)
    return outcome


def _rate_limited(
    answer: HttpAnswer, problem: _Problem | None, said: str, now: float
) -> RateLimited:
    waits = [
        retry_after(answer.headers.get("retry-after"), now),
        # Before version 8 of the API the body's were milliseconds: a thousand times the header's.
        problem.wait if problem else None,
    ]
    after = min((wait for wait in waits if wait is not None), default=None)
    if after is None:
        after = retry_after(answer.headers.get("x-ratelimit-reset-after"), now)
    # A ban of this machine's address comes from Cloudflare in front of Discord, or as JSON that
    # names no limit.
    unlimited = after is None and "x-ratelimit-limit" not in answer.headers
    if (
        problem is None
        or problem.is_global is True
        or answer.headers.get("x-ratelimit-global", "").lower() == "true"
        or unlimited
    ):
        scope = Scope.HOST
        after = BAN_PATIENCE if after is None else after
    elif answer.headers.get("x-ratelimit-scope", "").lower() == "shared":
        scope = Scope.SHARED
    else:
        scope = Scope.DESTINATION
    return RateLimited(f"HTTP 429: {said}", after, scope)


def _gone(status: int, code: object) -> str | None:
    expected, words = _GONE.get(status, (-1, ""))
    return words if code == expected else None


def _read(body: bytes) -> _Problem | None:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _said(problem: _Problem, answer: HttpAnswer, target: Target) -> str:
    if (
        not isinstance(problem.message, str) or not problem.message
    ):  # the oldest version, which the URLs that people copy lead to
        return quote_body(answer, target)
    details = bytes(problem.errors).decode(errors="replace")
    code = f" (code {problem.code})" if problem.code else ""
    return quote(f"{problem.message}{code} {details}", secrets_of(target.address, target.access))
