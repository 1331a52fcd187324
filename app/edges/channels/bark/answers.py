"""A Bark server's answers (Finb/bark-server, route_push.go; Apple's reasons)."""

import msgspec

from app.edges.channels.answers import judge, judge_stranger, quote, read_json, secrets_of
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Delivered, Gone, Outcome, RateLimited, Rejected

_GONE = (
    "failed to get device token",
    "device key is empty",
    "baddevicetoken",
    "unregistered",
    "devicetokennotfortopic",
)
_LIMITED = "toomanyrequests"
_TOO_LARGE = "payloadtoolarge"


class _Answer(msgspec.Struct):
    code: int
    message: str = ""


_decoder = msgspec.json.Decoder(_Answer)


def classify(answer: HttpAnswer, now: float, target: Target) -> Outcome:
    """Return the outcome that an answer stands for."""
    read = read_json(_decoder, answer)
    if read is None:
        return judge_stranger("Bark", answer, now, target)
    if read.code == 200:
        return Delivered()
    said = quote(read.message, secrets_of(target.address, target.access))
    words = read.message.lower()
    return _refused(read.code, words, f"code {read.code}: {said}") or judge(
        HttpAnswer(read.code, answer.headers), said, now
    )


def _refused(code: int, words: str, error: str) -> Outcome | None:
    if any(each in words for each in _GONE):
        return Gone(f"{error} (copy the address from the app again)")
    if _LIMITED in words:
        return RateLimited(error)
    if _TOO_LARGE in words or code in (400, 413):
        return Rejected(error, form=True)
    return None
