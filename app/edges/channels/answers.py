"""How any HTTP destination's answer is read, as far as all of them agree."""

import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from app.edges.http import HttpAnswer, HttpRequestError
from app.policies.plain_text import html_to_text, one_line
from app.policies.redaction import scrub
from app.values.errors import ForbiddenAddressError, NotifierError
from app.values.outcome import Allowance, Delivered, Gone, Outcome, RateLimited, Rejected, Retry

MAX_QUOTE = 300
MIN_SECRET = 8
_EPOCH_SECONDS = 1e9  # a greater number of seconds is a time, not a duration
MAX_PATIENCE = 3600.0
"""Seconds; whoever asks for more is asked again after this long."""


def judge(answer: HttpAnswer, said: str, now: float) -> Outcome:
    """Return what an answer means by its status.

    Args:
        answer: Anything at all.
        said: What the destination said, fit to be shown.
        now: Seconds since the epoch.
    """
    status = answer.status
    if 200 <= status < 300:
        return Delivered(f"HTTP {status}")
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
        outcome = Rejected(error, denied=status in (401, 403))
    else:  # 5xx, and codes that HTTP does not know: RFC 9110 reads those as 5xx
        outcome = Retry(error, after)
    return outcome


def failure(error: NotifierError) -> Outcome:
    """Return what it means that no answer came."""
    if isinstance(error, HttpRequestError | ForbiddenAddressError):
        return Rejected(str(error))
    return Retry(str(error))


def allowance(headers: Mapping[str, str], now: float) -> Allowance | None:
    """Return what a destination says may still be sent to it, or None.

    Discord's headers, which many services have as well; those that give the end of the period as a
    time (``X-RateLimit-Reset``) count it in seconds since the epoch.

    Args:
        headers: Of any answer.
        now: Seconds since the epoch.
    """
    remaining = _number(headers.get("x-ratelimit-remaining"))
    if remaining is None:
        return None
    reset_after = _number(headers.get("x-ratelimit-reset-after"))
    if reset_after is None:
        reset = _number(headers.get("x-ratelimit-reset"))
        if reset is None:
            return None
        reset_after = max(reset - now, 0.0) if reset > _EPOCH_SECONDS else reset
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
    """Return the seconds that a ``Retry-After`` header asks for, or None where it makes no sense.

    Args:
        text: A number of seconds or an HTTP date.
        now: Seconds since the epoch.
    """
    if text is None:
        return None
    try:
        return patience(float(text))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return patience(max(seconds, 0.0))


def patience(seconds: float) -> float | None:
    """Bring a waiting time within reason: None for nonsense, at most ``MAX_PATIENCE``."""
    if math.isnan(seconds) or seconds < 0:
        return None
    return min(seconds, MAX_PATIENCE)


def quote_body(answer: HttpAnswer, address: str) -> str:
    """Return the beginning of an answer's body, fit to be shown."""
    text = answer.body.decode(errors="replace")
    if "html" in answer.headers.get("content-type", "").lower():
        text = html_to_text(text)
    return quote(text, *secrets_of(address))


def quote(text: str, *secrets: str) -> str:
    """Return foreign text on one line, bounded, and without the secrets it may echo."""
    shown = scrub(one_line(text), secrets)
    return shown if len(shown) <= MAX_QUOTE else shown[:MAX_QUOTE] + "…"


def secrets_of(address: str) -> list[str]:
    """Return a webhook's URL and the parts of it that may be its token."""
    parts = re.split(r"[/?&=#]", address.partition("://")[2])[1:]
    return [address, *(part for part in parts if len(part) >= MIN_SECRET)]
