"""The context of one record that is read, and the conversion of its scalars."""

from collections.abc import Mapping

import msgspec

from app.policies.channels import Channels
from app.policies.parsing.json_text import read_json
from app.policies.parsing.templates import MessageTemplates, RenderedMessage
from app.policies.texts.notes import Notes, quoted
from app.values.notification import ContentType, Priority
from app.values.recipients import Recipients

_TEXT = ContentType.TEXT
_CONTENT_TYPES: dict[str, ContentType] = {each.value: each for each in ContentType}
_PRIORITIES = tuple(Priority)
_PRIORITY_NAMES = {each.name: each for each in Priority}


class Reading(msgspec.Struct, frozen=True, gc=False):
    """The context in which a record is read.

    Attributes:
        value: Its bytes.
        record_time: Its own time in seconds since the epoch.
        recipients: Where users and groups are looked up.
        templates: What typed messages are rendered with.
        channels: All that exist.
        notes: Takes what is left out or changed.
    """

    value: bytes
    record_time: float
    recipients: Recipients
    templates: MessageTemplates
    channels: Channels
    notes: Notes

    def render_from_kwargs(self, template_id: str) -> RenderedMessage:
        """Render a template with the message's ``kwargs`` as its context.

        The original's producers send a template's variables so.

        Raises:
            TemplateError: It is unknown or failed.
        """
        kwargs = read_json(self.value).get("kwargs")
        context: Mapping[str, object] = kwargs if isinstance(kwargs, dict) else {}
        return self.templates.render(template_id, context)


def read_priority(given: object, notes: Notes) -> Priority | None:
    """Return a priority, or None if none is given; others than 0 to 3 count as the nearest."""
    if type(given) is int and 0 <= given < len(_PRIORITIES):
        return _PRIORITIES[given]
    if given is None or given == "":
        return None
    number = _number_of(given)
    if number is None:
        notes.left_out("priority", f"expected 0, 1, 2 or 3, got {quoted(given)}")
        return None
    nearest = _PRIORITIES[round(min(max(number, 0), len(_PRIORITIES) - 1))]
    if nearest != number:
        notes.add("priority", f"expected 0, 1, 2 or 3, got {quoted(given)}; taken as {nearest:d}")
    return nearest


def read_content_type(given: object, notes: Notes) -> ContentType:
    """Return the content type; text if it is not known."""
    if given is None or given == "":
        return _TEXT
    if isinstance(given, str):
        known = _CONTENT_TYPES.get(given) or _CONTENT_TYPES.get(given.strip().lower())
        if known is not None:
            return known
    problem = f"expected text, markdown or html, got {quoted(given)}; taken as text"
    notes.add("content_type", problem)
    return _TEXT


def _number_of(given: object) -> float | None:
    if isinstance(given, bool):
        return None
    if isinstance(given, int | float):
        return given
    if not isinstance(given, str):
        return None
    if given.strip().upper() in _PRIORITY_NAMES:
        return _PRIORITY_NAMES[given.strip().upper()]
    return float(given) if given.strip().isdecimal() else None
