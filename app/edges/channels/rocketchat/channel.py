"""Rocket.Chat (RocketChat/Rocket.Chat, apps/meteor/app/integrations/server/api/api.ts)."""

from typing import Final

import msgspec

from app.edges.channels.answers import judge, judge_stranger, quote, read_json, secrets_of
from app.edges.channels.attachments import AttachmentChannel, AttachmentForm
from app.edges.http import HttpAnswer
from app.policies.texts.commonmark import CommonMark
from app.values.delivery import Target
from app.values.outcome import Delivered, Denied, Gone, Outcome, Rejected

FORM: Final = AttachmentForm(CommonMark("*_~`#", calls=True), limit=4800)
"""Its servers take 5,000 characters of a message unless they are told otherwise."""
_GONE = ("invalid integration", "integration disabled", "invalid-channel", "channel_not_found")


class _Answer(msgspec.Struct):
    success: bool
    error: str = ""


_decoder = msgspec.json.Decoder(_Answer)


class RocketChatChannel(AttachmentChannel):
    """Posts to Rocket.Chat's rooms."""

    name = "rocketchat"
    form = FORM

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        read = read_json(_decoder, answer)
        if read is None:
            return judge_stranger("Rocket.Chat", answer, now, target)
        if read.success and 200 <= answer.status < 300:
            return Delivered()
        said = quote(read.error, secrets_of(target.address, target.access))
        return _refused(answer, read.error.lower(), said, now)


def _refused(answer: HttpAnswer, words: str, said: str, now: float) -> Outcome:
    error = f"HTTP {answer.status}: {said}"
    if any(each in words for each in _GONE):
        return Gone(f"{error} (make a new incoming integration)")
    if answer.status in (401, 403):
        return Denied(f"{error} (copy the integration's URL again)", certain=True)
    if answer.status in (200, 400, 413):
        return Rejected(error, form=True)
    return judge(answer, said, now)
