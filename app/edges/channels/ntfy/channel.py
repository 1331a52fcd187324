"""ntfy's topics."""

from typing import Final

import msgspec

from app.edges.channels.ntfy.address import place_of
from app.edges.channels.ntfy.answers import classify
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.texts import Said, TextChannel, TextForm
from app.edges.http import HttpAnswer
from app.policies.texts.commonmark import CommonMark
from app.policies.texts.dialects import Dialect
from app.policies.texts.units import json_length
from app.values.channel import PublishedLimit
from app.values.delivery import Target
from app.values.notification import Priority
from app.values.outcome import Outcome

LIMIT = 4096
"""Bytes of a message, counted as JSON writes them: the request as a whole may have twice as many.
Longer ones would become files."""
MAX_TITLE = 200
_PRIORITIES = {Priority.LOW: 2, Priority.NORMAL: 3, Priority.HIGH: 4, Priority.URGENT: 5}
_LIMITS = (PublishedLimit(requests=12, seconds=60.0),)
"""One in five seconds, once sixty are spent (ntfy's config, "visitor-request-limit-replenish")."""


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    topic: str
    message: str
    priority: int
    title: str = ""
    click: str = ""
    markdown: bool = False


class NtfyText(Dialect):
    """Plain text, as every app of ntfy's shows it."""

    def length(self, written: str) -> int:
        """See ``Dialect.length``."""
        return json_length(written)


class NtfyMarkdown(CommonMark):
    """Markdown, which ntfy's web app shows."""

    def length(self, written: str) -> int:
        """See ``Dialect.length``."""
        return json_length(written)


FORM: Final = TextForm(
    NtfyMarkdown(breaks="  "), NtfyText(), LIMIT, title=MAX_TITLE, prefers_plain=True
)


class NtfyChannel(TextChannel):
    """Publishes to ntfy's topics."""

    name = "ntfy"
    published = _LIMITS
    form = FORM

    def post(self, said: Said, target: Target, now: float) -> HttpRequest:
        """See ``TextChannel.post``."""
        del now
        place = place_of(target.address)
        body = _Body(
            topic=place.topic,
            message=said.text,
            priority=_PRIORITIES[said.priority],
            title=said.title,
            click=said.url,
            markdown=not said.plain,
        )
        return json_request(target, body, place.url)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target)
