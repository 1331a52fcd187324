"""Reads the answers of HTTP destinations, as far as all services agree."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TypeVar

import msgspec

from app.edges.http import HttpAnswer, HttpRequestError
from app.policies.redaction import NO_SECRETS, Secrets, scrub
from app.policies.texts.plain_text import html_to_text, one_line
from app.values.delivery import Target
from app.values.errors import UNREADABLE, ForbiddenAddressError, NotifierError
from app.values.notification import NO_ACCESS, Access
from app.values.outcome import (
    Allowance,
    Delivered,
    Denied,
    Gone,
    Outcome,
    RateLimited,
    Rejected,
    Retry,
)

T = TypeVar("T")

MAX_QUOTE = 300
_DENIALS = (401, 402, 403)
_RENDERED = 4096  # characters; more than is shown, so that no secret is cut in two
_EPOCH_SECONDS = 1e9  # a greater number of seconds is a time, not a duration
_LATEST = 1e11  # seconds since the epoch that no time of ours reaches: it is a finer unit
MAX_PATIENCE = 3600.0
"""Seconds; a destination that asks for more is asked again after this long."""


def judge(answer: HttpAnswer, said: str, now: float) -> Outcome:
    """Return the outcome that an answer's status stands for.

    Args:
        now: Seconds since the epoch.
    """
    status = answer.status
    if 200 <= status < 300:
        return Delivered()
    error = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    after = retry_after(answer.headers.get("retry-after"), now)
    outcome: Outcome
    if 300 <= status < 400:
        outcome = Rejected(f"HTTP {status}: it redirects, and redirects are not followed")
    elif status == 410:
        outcome = Gone(error)
    elif status == 429:
        outcome = RateLimited(error, after)
    elif 400 <= status < 500 and status not in (408, 425):
        outcome = Denied(error) if status in _DENIALS else Rejected(error)
    else:  # 5xx, and codes that HTTP does not know: RFC 9110 reads those as 5xx
        outcome = Retry(error, after)
    return outcome


def read_json(decoder: msgspec.json.Decoder[T], answer: HttpAnswer) -> T | None:
    """Decode an answer's JSON; None if it has not the service's form."""
    try:
        return decoder.decode(answer.body)
    except UNREADABLE:
        return None


def judge_stranger(service: str, answer: HttpAnswer, now: float, target: Target) -> Outcome:
    """Return the outcome if somebody else answered: a proxy, or a login page.

    Args:
        service: Who should have answered.
        target: Its address must not be shown.
    """
    said = quote_body(answer, target)
    if 200 <= answer.status < 300:
        return Retry(not_from(service, answer.status, said))
    return judge(answer, said, now)


def not_from(service: str, status: int, said: str) -> str:
    """Return an error text that says who did not answer."""
    return f"HTTP {status}, not from {service}: {said}"


def failure(error: NotifierError) -> Outcome:
    """Return the outcome if no answer came."""
    if isinstance(error, HttpRequestError | ForbiddenAddressError):
        return Rejected(str(error))
    return Retry(str(error))


def allowance(headers: Mapping[str, str], now: float) -> Allowance | None:
    """Return how many requests a destination still allows, or None if it does not say.

    Discord's headers, which many services have as well. Those that give the end of the period as a
    time (``X-RateLimit-Reset``) count it in seconds since the epoch, or in milliseconds.
    """
    remaining = _number(headers.get("x-ratelimit-remaining"))
    if remaining is None:
        return None
    reset_after = _number(headers.get("x-ratelimit-reset-after"))
    if reset_after is None:
        reset_after = _wait(headers.get("x-ratelimit-reset"), now)
        if reset_after is None:
            return None
    limit = _number(headers.get("x-ratelimit-limit"))
    return Allowance(int(limit) if limit and limit >= 1 else None, int(remaining), reset_after)


def _number(text: str | None) -> float | None:
    """Read a number that makes sense as a count or as seconds."""
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


def retry_after(text: str | None, now: float) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for, or None if it makes no sense.

    Args:
        text: A number of seconds, a time as a number, or a date.
    """
    seconds = _wait(text, now)
    return None if seconds is None else patience(seconds)


def _wait(text: str | None, now: float) -> float | None:
    """Read seconds from now: as a number, as seconds (or finer) since the epoch, or as a date."""
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return _until_date(text, now)
    if not 0 <= number < math.inf:
        return None
    while number > _LATEST:  # milliseconds since the epoch, or something finer yet
        number /= 1000
    return max(number - now, 0.0) if number > _EPOCH_SECONDS else number


def _until_date(text: str, now: float) -> float | None:
    """Read an HTTP date, or one in ISO 8601, as seconds from now; one that has passed is now."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text.strip())
            at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            continue
        return max(at - now, 0.0)
    return None


def patience(seconds: float) -> float | None:
    """Limit a waiting time to ``MAX_PATIENCE``; None for nonsense."""
    if math.isnan(seconds) or seconds < 0:
        return None
    return min(seconds, MAX_PATIENCE)


def quote_body(answer: HttpAnswer, target: Target) -> str:
    """Return the beginning of an answer's body, fit to be shown."""
    text = answer.body.decode(errors="replace")
    if "html" in answer.headers.get("content-type", "").lower():
        text = html_to_text(text, _RENDERED)
    return quote(text, secrets_of(target.address, target.access))


def quote(text: str, secrets: Secrets = NO_SECRETS) -> str:
    """Return foreign text on one line, bounded, and without the secrets it may echo."""
    line = one_line(text)
    shown = scrub(line, secrets, MAX_QUOTE)
    whole = len(line) <= MAX_QUOTE and len(shown) <= MAX_QUOTE
    return shown if whole else shown[:MAX_QUOTE] + "…"


@lru_cache(maxsize=1024)
def secrets_of(address: str, access: Access = NO_ACCESS) -> Secrets:
    """Return what a destination may echo of its own URL, and of what let the request in."""
    return Secrets([address, *access.secrets])
