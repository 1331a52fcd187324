"""PushPlus.

It answers 200 to everything; the code in the body decides, and 200 is the one that means success.
A sender that goes on after a 900 is locked out for days.
"""

from typing import Final

import msgspec

from app.edges.channels.answers import judge_stranger, quote, read_json, secrets_of
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.pushplus.address import place_of
from app.edges.channels.quotas import CHINA, until_midnight
from app.edges.channels.texts import Said, TextChannel, TextForm
from app.edges.http import HttpAnswer
from app.policies.texts.commonmark import CommonMark
from app.policies.texts.dialects import Dialect
from app.values.delivery import Target
from app.values.outcome import Delivered, Denied, Outcome, RateLimited, Rejected, Retry

MAX_TITLE = 100
LIMIT = 10_000
"""Characters; it takes 20,000, and nobody reads more than this."""
FORM: Final = TextForm(
    CommonMark(breaks="  "), Dialect(), LIMIT, title=MAX_TITLE, prefers_plain=True
)
_ACCEPTED, _BUSY = 200, 500
_USED_UP = {
    888: "the credit is used up: it has to be paid for",
    900: "too many requests: it is left alone until the next day",
}
_DENIED = {
    302: "log in to PushPlus and copy the token again",
    401: "copy the token again",
    403: "put this machine's address on PushPlus's list",
    903: "copy the token again",
    905: "PushPlus wants to know the account's owner first",
}


class _Answer(msgspec.Struct):
    code: int
    msg: str = ""


_decoder = msgspec.json.Decoder(_Answer)


class PushPlusChannel(TextChannel):
    """Sends to the token's owner, or to the group that the address names."""

    name = "pushplus"
    form = FORM

    def post(self, said: Said, target: Target, now: float) -> HttpRequest:
        """See ``TextChannel.post``."""
        del now
        place = place_of(target.address)
        body = {**place.members, "content": said.text}
        body["template"] = "txt" if said.plain else "markdown"
        if said.title:
            body["title"] = said.title
        return json_request(target, body, place.url)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        read = read_json(_decoder, answer)
        if read is None:
            return judge_stranger("PushPlus", answer, now, target)
        if read.code == _ACCEPTED:
            return Delivered()
        said = quote(read.msg, secrets_of(target.address, target.access))
        return _refused(read.code, f"code {read.code}: {said}", now)


def _refused(code: int, error: str, now: float) -> Outcome:
    if hint := _USED_UP.get(code):
        return RateLimited(f"{error} ({hint})", until_midnight(now, CHINA))
    if hint := _DENIED.get(code):
        return Denied(f"{error} ({hint})", certain=True)
    return Retry(error) if code == _BUSY else Rejected(error, form=True)
