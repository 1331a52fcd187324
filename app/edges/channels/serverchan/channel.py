"""Server酱.

Its free plan takes five messages a day. A message that is accepted is queued: the answer does not
say whether WeChat shows it. Without ``noip`` it would show the address of this machine.
"""

from typing import Final

import msgspec

from app.edges.channels.answers import judge_stranger, quote, read_json, secrets_of
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.quotas import CHINA, until_midnight
from app.edges.channels.texts import Said, TextChannel, TextForm
from app.edges.http import HttpAnswer
from app.policies.texts.commonmark import CommonMark
from app.policies.texts.units import utf8_length
from app.values.delivery import Target
from app.values.outcome import Delivered, Denied, Outcome, RateLimited, Rejected, Retry

MAX_TITLE = 32
LIMIT = 10_000
"""Bytes; it takes 32 KB, and nobody reads more than this."""
_UNTITLED = "通知"
_QUOTA = (40001, 471)
_QUOTA_WORDS = "超过当天"
_KEY_WORDS = ("sendkey", "key")


class Desp(CommonMark):
    """The Markdown of its pages."""

    def length(self, written: str) -> int:
        """See ``Dialect.length``."""
        return utf8_length(written)


FORM: Final = TextForm(Desp(breaks="  "), Desp(breaks="  "), LIMIT, title=MAX_TITLE)


class _Body(msgspec.Struct, frozen=True):
    title: str
    desp: str
    noip: str = "1"


class _Answer(msgspec.Struct):
    code: int
    message: str = ""
    info: str = ""


_decoder = msgspec.json.Decoder(_Answer)


class ServerChanChannel(TextChannel):
    """Sends to the key's owner."""

    name = "serverchan"
    form = FORM

    def post(self, said: Said, target: Target, now: float) -> HttpRequest:
        """See ``TextChannel.post``."""
        del now
        body = _Body(said.title or _UNTITLED, said.text)
        return json_request(target, body)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        read = read_json(_decoder, answer)
        if read is None:
            return judge_stranger("Server酱", answer, now, target)
        if read.code == 0:
            return Delivered()
        words = read.message or read.info
        error = f"code {read.code}: {quote(words, secrets_of(target.address, target.access))}"
        return _refused(answer, read.code, words, error, now)


def _refused(answer: HttpAnswer, code: int, words: str, error: str, now: float) -> Outcome:
    if code in _QUOTA or _QUOTA_WORDS in words:
        hint = "the day's messages are used up: send it less, or take a plan with more"
        return RateLimited(f"{error} ({hint})", until_midnight(now, CHINA))
    if answer.status >= 500:
        return Retry(error)
    if any(each in words.lower() for each in _KEY_WORDS) or answer.status in (401, 403, 404):
        return Denied(f"{error} (copy the key again)", certain=True)
    return Rejected(error, form=True)
