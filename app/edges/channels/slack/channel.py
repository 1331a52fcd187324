"""Slack's incoming webhooks."""

from collections.abc import Sequence

import msgspec

from app.edges.channels.chat import RenderingChannel
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.slack.answers import classify
from app.edges.channels.slack.blocks import (
    MAX_BLOCKS,
    MAX_TEXT,
    Attachment,
    Content,
    render,
    render_plain,
)
from app.edges.http import HttpAnswer
from app.policies.texts.notes import Notes
from app.values.channel import PublishedLimit
from app.values.delivery import Target
from app.values.notification import Notification
from app.values.outcome import Outcome

_LIMITS = (PublishedLimit(requests=60, seconds=60.0),)
"""One a second to a channel, with short bursts (docs.slack.dev, "Rate limits")."""


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    attachments: tuple[Attachment, ...] = ()
    text: str = ""
    mrkdwn: bool | None = None


class SlackChannel(RenderingChannel[Content]):
    """Posts to Slack's channels."""

    name = "slack"
    published = _LIMITS

    def content(self, notification: Notification, notes: Notes, *, plain: bool) -> Content:
        """See ``RenderingChannel.content``."""
        return (render_plain if plain else render)(notification, notes)

    def compose(self, contents: Sequence[Content], target: Target, now: float) -> HttpRequest:
        """See ``ChatChannel.compose``."""
        del now
        text = contents[0].text
        attachments = tuple(each for content in contents for each in content.attachments)
        body = _Body(attachments, text, mrkdwn=False if text else None)
        return json_request(target, body)

    def fits(self, contents: Sequence[Content], more: Content) -> bool:
        """See ``ChatChannel.fits``."""
        blocks = sum(each.blocks for each in contents) + more.blocks
        return (
            blocks <= MAX_BLOCKS and sum(each.length for each in contents) + more.length <= MAX_TEXT
        )

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target)
