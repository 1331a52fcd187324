"""Gotify: ``https://host/message?token=…``, or the token in the contact's headers.

Source: gotify/server, docs/spec.json and auth/authentication.go.
"""

from functools import lru_cache
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from app.edges.channels.answers import judge, judge_stranger, quote_body, read_json
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.texts import Said, TextChannel, TextForm
from app.edges.http import HttpAnswer
from app.policies.texts.commonmark import CommonMark
from app.policies.texts.dialects import Dialect
from app.values.delivery import Target
from app.values.notification import Priority
from app.values.outcome import Delivered, Denied, Outcome, Rejected

_QUERY = "token"
HEADER = "X-Gotify-Key"
FORM: Final = TextForm(
    CommonMark(breaks="  "), Dialect(), limit=10_000, title=250, prefers_plain=True
)
"""Gotify itself knows no limit; nobody reads more than this."""
_PRIORITIES = {Priority.LOW: 1, Priority.NORMAL: 5, Priority.HIGH: 7, Priority.URGENT: 10}


class _Accepted(msgspec.Struct):
    id: int


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    message: str
    priority: int
    title: str = ""
    extras: dict[str, Any] = {}


_decoder = msgspec.json.Decoder(_Accepted)


class GotifyChannel(TextChannel):
    """Posts messages of an application."""

    name = "gotify"
    form = FORM

    def post(self, said: Said, target: Target, now: float) -> HttpRequest:
        """See ``TextChannel.post``."""
        del now
        kind = "text/plain" if said.plain else "text/markdown"
        extras: dict[str, Any] = {"client::display": {"contentType": kind}}
        if said.url:
            extras["client::notification"] = {"click": {"url": said.url}}
        body = _Body(said.text, _PRIORITIES[said.priority], said.title, extras)
        url, token = _place(target.address)
        headers = {HEADER: token} if token else {}
        return json_request(target, body, url, headers)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        if 200 <= answer.status < 300:
            if read_json(_decoder, answer) is None:
                return judge_stranger("Gotify", answer, now, target)
            return Delivered()
        said = quote_body(answer, target)
        if answer.status in (401, 403):
            hint = "the token must be an application's, not a client's"
            return Denied(f"HTTP {answer.status}: {said} ({hint})", certain=True)
        if answer.status in (400, 413):
            return Rejected(f"HTTP {answer.status}: {said}", form=True)
        return judge(answer, said, now)


def lacking(url: SplitResult) -> str:
    """Say what a URL lacks; one without a token has it in the contact's headers."""
    given = dict(parse_qsl(url.query, keep_blank_values=True)).get(_QUERY)
    return "has an empty token: write ?token= and the application's token" if given == "" else ""


@lru_cache(maxsize=4096)
def _place(address: str) -> tuple[str, str]:
    """Return where to post, and the token, which belongs into a header: URLs are logged."""
    parts = urlsplit(address)
    query = parse_qsl(parts.query)
    others = urlencode([pair for pair in query if pair[0] != _QUERY])
    path = parts.path.rstrip("/")
    path = path if path.endswith("/message") else f"{path}/message"
    url = urlunsplit((parts.scheme, parts.netloc, path, others, ""))
    return url, dict(query).get(_QUERY, "")
