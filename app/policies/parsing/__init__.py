"""Parsing: a record's bytes become a ``Notification``, whatever their shape on the topic.

Two shapes are told apart by ``message_type``: with one a message is typed (v2, ``typed``),
without one it is an envelope (v1, ``envelope``). Strict JSON with every member of the
expected type is decoded in one pass; anything else is read as Python reads it, and fitted in as far
as possible (``fitting``).
"""

from contextlib import suppress
from typing import TypeVar

import msgspec

from app.policies.channels import Channels
from app.policies.parsing.envelope import Envelope, from_envelope
from app.policies.parsing.fitting import fit
from app.policies.parsing.json_text import NULL, check_values, read_json
from app.policies.parsing.reading import Reading
from app.policies.parsing.templates import MessageTemplates, RenderedMessage
from app.policies.parsing.typed import TypedMessage, from_typed, kind_of
from app.policies.texts.notes import Notes
from app.values.errors import UNREADABLE, InvalidRecordError
from app.values.notification import Notification
from app.values.recipients import Recipients

__all__ = ["MessageTemplates", "RenderedMessage", "glance", "parse"]

T = TypeVar("T", bound=msgspec.Struct)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_ENVELOPE = msgspec.json.Decoder(Envelope)
_TYPED: msgspec.json.Decoder[TypedMessage] = msgspec.json.Decoder(TypedMessage)


def parse(
    value: bytes | None,
    *,
    timestamp: float,
    recipients: Recipients,
    templates: MessageTemplates,
    channels: Channels,
) -> Notification:
    """Read a record's value. Any bytes are allowed; only the errors below are raised.

    Args:
        value: As it came from the topic.
        timestamp: The record's own time in seconds since the epoch; ``ttl_seconds`` counts from
            it when the message has no time of its own.
        recipients: Where users and groups are looked up.
        templates: What typed messages are rendered with.
        channels: All that exist.

    Raises:
        InvalidRecordError: It is no notification; the error names the field and the problem.
        UnroutableError: It names no known recipient, or no known channel.
        TemplateError: The template is unknown or failed on the message's context.
    """
    if not value:
        raise InvalidRecordError("the record has no value")
    value = value.removeprefix(_BYTE_ORDER_MARK)
    check_values(value)
    notes = Notes()
    message = _at_once(value) or _fitted(value, notes)
    reading = Reading(value, timestamp, recipients, templates, channels, notes)
    if isinstance(message, Envelope):
        return from_envelope(message, reading)
    return from_typed(message, reading)


def _at_once(value: bytes) -> Envelope | TypedMessage | None:
    """Decode in one pass what has every member in its place, as nearly every record has."""
    if NULL in value:
        return None
    try:
        if b'"message_type"' in value:
            return _TYPED.decode(value)
        envelope = _ENVELOPE.decode(value)
    except UNREADABLE:
        return None
    # The name of that member may contain escapes.
    return envelope if envelope.message_type is None else None


def _fitted(value: bytes, notes: Notes) -> Envelope | TypedMessage:
    read = read_json(value)
    kind = kind_of(read)
    if kind is None:
        return fit(Envelope, read, notes)
    return fit(kind, read, notes)


def glance(value: bytes | None, kind: type[T]) -> T | None:
    """Read some members of a record as ``parse`` reads them, or return None if it could not.

    Args:
        value: As it came from the topic.
        kind: A struct with those members.
    """
    value = (value or b"").removeprefix(_BYTE_ORDER_MARK)
    if NULL not in value:
        with suppress(*UNREADABLE):
            return msgspec.json.decode(value, type=kind)
    try:
        check_values(value)
        return fit(kind, read_json(value), Notes())
    except InvalidRecordError:
        return None
