"""Mattermost (mattermost/mattermost, server/channels/web/webhook.go)."""

from typing import Final

from app.edges.channels.answers import judge, quote_body
from app.edges.channels.attachments import AttachmentChannel, AttachmentForm
from app.edges.http import HttpAnswer
from app.policies.texts.commonmark import CommonMark
from app.values.delivery import Target
from app.values.outcome import Delivered, Denied, Gone, Outcome, Rejected, Retry

FORM: Final = AttachmentForm(
    CommonMark("\\`*_{}[]()<>~|", calls=True),
    limit=12_000,
)
"""A post has room for 16,383 characters; longer texts would be divided by the server."""
_GONE = (
    "invalid webhook",
    "couldn't find the channel",
    "couldn't find the user",
    "web.incoming_webhook.invalid.app_error",
    "web.incoming_webhook.channel.app_error",
)
_DENIED = ("disabled", "permission", "archived")


class MattermostChannel(AttachmentChannel):
    """Posts to Mattermost's channels."""

    name = "mattermost"
    form = FORM

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        said = quote_body(answer, target)
        error = f"HTTP {answer.status}: {said}"
        if 200 <= answer.status < 300:
            is_ok = answer.body.strip() == b"ok"
            return Delivered() if is_ok else Retry(f"{error}, and not ok")
        words = said.lower()
        if answer.status < 500 and any(each in words for each in _GONE):
            return Gone(f"{error} (make a new incoming webhook)")
        if answer.status in (400, 403, 501) and any(each in words for each in _DENIED):
            return Denied(f"{error} (let incoming webhooks post there)", certain=True)
        if answer.status in (400, 413):
            return Rejected(error, form=True)
        return judge(answer, said, now)
