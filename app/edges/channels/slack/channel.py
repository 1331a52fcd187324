"""Slack's incoming webhooks."""

import time
from collections.abc import Callable, Sequence

import msgspec

from app.edges.channels.chat import ChatChannel, Rendered
from app.edges.channels.over_http import HttpRequest
from app.edges.channels.rendering import Renderings
from app.edges.channels.slack.answers import classify
from app.edges.channels.slack.blocks import (
    MAX_BLOCKS,
    MAX_TEXT,
    Attachment,
    Content,
    render,
    render_plain,
)
from app.edges.http import HttpAnswer, HttpPort
from app.policies.texts.notes import Notes
from app.values.channel import PublishedLimit
from app.values.delivery import Target
from app.values.notification import Notification
from app.values.outcome import Outcome

_LIMITS = (PublishedLimit(requests=60, seconds=60.0),)
"""One a second to a channel, and bursts now and then (docs.slack.dev, "Rate limits")."""


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    attachments: tuple[Attachment, ...] = ()
    text: str = ""
    mrkdwn: bool | None = None


_encoder = msgspec.json.Encoder()


class SlackChannel(ChatChannel[Content]):
    """Posts to Slack's channels.

    Args:
        http: Sends the requests.
        timeout: Seconds for one attempt as a whole.
        clock: Seconds since the epoch.
    """

    name = "slack"

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(http, timeout, clock)
        self._rendered = Renderings(_attached)

    def limits(self, address: str) -> Sequence[PublishedLimit]:
        """See ``Channel.limits``."""
        del address
        return _LIMITS

    def render(self, notification: Notification) -> Rendered[Content]:
        """See ``ChatChannel.render``."""
        return self._rendered.of(notification)

    def render_plain(self, notification: Notification) -> Rendered[Content]:
        """See ``ChatChannel.render_plain``."""
        notes = Notes()
        content = render_plain(notification, notes)
        return Rendered((content,), notes.all())

    def compose(self, contents: Sequence[Content], target: Target, now: float) -> HttpRequest:
        """See ``ChatChannel.compose``."""
        del now
        text = contents[0].text
        attachments = tuple(each for content in contents for each in content.attachments)
        body = _Body(attachments, text, mrkdwn=False if text else None)
        return HttpRequest(target.address, _encoder.encode(body), dict(target.access.headers))

    def fits(self, contents: Sequence[Content], more: Content) -> bool:
        """See ``ChatChannel.fits``."""
        blocks = sum(each.blocks for each in contents) + more.blocks
        return (
            blocks <= MAX_BLOCKS and sum(each.length for each in contents) + more.length <= MAX_TEXT
        )

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target)


def _attached(notification: Notification) -> Rendered[Content]:
    notes = Notes()
    content = render(notification, notes)
    return Rendered((content,), notes.all())
