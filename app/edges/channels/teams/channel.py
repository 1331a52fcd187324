"""Microsoft Teams."""

from collections.abc import Sequence
from typing import Any

from app.edges.channels.chat import RenderingChannel
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.teams.answers import classify
from app.edges.channels.teams.cards import MAX_BYTES, Content, Element, render, render_plain
from app.edges.http import HttpAnswer
from app.policies.texts.notes import Notes
from app.values.channel import PublishedLimit
from app.values.delivery import Target
from app.values.notification import Notification
from app.values.outcome import Outcome

_LIMITS = (PublishedLimit(requests=30, seconds=60.0),)
"""One in two seconds: the connector that posts names several limits, of which this is within all
that are confirmed."""


class TeamsChannel(RenderingChannel[Content]):
    """Posts adaptive cards by a workflow."""

    name = "teams"
    published = _LIMITS

    def content(self, notification: Notification, notes: Notes, *, plain: bool) -> Content:
        """See ``RenderingChannel.content``."""
        return (render_plain if plain else render)(notification, notes)

    def compose(self, contents: Sequence[Content], target: Target, now: float) -> HttpRequest:
        """See ``ChatChannel.compose``."""
        del now
        first, *others = (_container(each, at) for at, each in enumerate(contents))
        return json_request(
            target, _message([*first, *(each for other in others for each in other)])
        )

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
    """Return the message that a workflow's template takes; it must contain no null."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": elements,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}
