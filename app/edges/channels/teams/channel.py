"""Microsoft Teams."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from app.edges.channels.chat import ChatChannel, Rendered
from app.edges.channels.over_http import HttpRequest
from app.edges.channels.rendering import Renderings
from app.edges.channels.teams.answers import classify
from app.edges.channels.teams.cards import MAX_BYTES, Content, Element, render, render_plain
from app.edges.http import HttpAnswer, HttpPort
from app.policies.texts.notes import Notes
from app.values.channel import PublishedLimit
from app.values.delivery import Target
from app.values.notification import Notification
from app.values.outcome import Outcome

_LIMITS = (PublishedLimit(requests=30, seconds=60.0),)
"""One in two seconds: the connector that posts names several limits, of which this is within all
that are confirmed."""
_encoder = msgspec.json.Encoder()


class TeamsChannel(ChatChannel[Content]):
    """Has a workflow post adaptive cards.

    Args:
        http: Sends the requests.
        timeout: Seconds for one attempt as a whole.
        clock: Seconds since the epoch.
    """

    name = "teams"

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(http, timeout, clock)
        self._rendered = Renderings(_carded)

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
        first, *others = (_container(each, at) for at, each in enumerate(contents))
        body = _encoder.encode(_message([*first, *(each for other in others for each in other)]))
        return HttpRequest(target.address, body, dict(target.access.headers))

    def fits(self, contents: Sequence[Content], more: Content) -> bool:
        """See ``ChatChannel.fits``."""
        sizes = sum(each.size + _CONTAINER for each in contents)
        return sizes + more.size + _CONTAINER <= MAX_BYTES

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target)


_CONTAINER = 60
"""Bytes around the elements of one of several notifications."""


def _container(content: Content, number: int) -> list[Element]:
    """Return the elements of one notification, set apart from the one before it."""
    if not number:
        return list(content.elements)
    return [{"type": "Container", "separator": True, "items": list(content.elements)}]


def _message(elements: list[Element]) -> dict[str, Any]:
    """Return what the template of a workflow takes; it knows no null."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": elements,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _carded(notification: Notification) -> Rendered[Content]:
    notes = Notes()
    content = render(notification, notes)
    return Rendered((content,), notes.all())
