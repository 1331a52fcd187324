"""Parsing: a record's bytes become a ``Notification``, whatever their shape on the topic.

Two shapes are told apart by ``message_type``: with one a message is typed (v2, ``typed``),
without one it is an envelope (v1, ``envelope``).
"""

import msgspec

from app.policies.parsing.decoding import decode
from app.policies.parsing.envelope import Envelope, from_envelope
from app.policies.parsing.templates import MessageTemplates, RenderedMessage
from app.policies.parsing.typed import TypedMessage, from_typed
from app.values.errors import InvalidRecordError
from app.values.notification import Notification
from app.values.recipients import Recipients

__all__ = ["MessageTemplates", "RenderedMessage", "parse"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class _Shape(msgspec.Struct):
    message_type: object = None


_SHAPE = msgspec.json.Decoder(_Shape)
_ENVELOPE = msgspec.json.Decoder(Envelope)
_TYPED: msgspec.json.Decoder[TypedMessage] = msgspec.json.Decoder(TypedMessage)


def parse(
    value: bytes | None,
    *,
    timestamp: float,
    recipients: Recipients,
    templates: MessageTemplates,
) -> Notification:
    """Read a record's value. Whatever the bytes, nothing but the errors below is raised.

    Args:
        value: As it came from the topic.
        timestamp: The record's own time in seconds since the epoch; ``ttl_seconds`` counts from
            it when the message has no time of its own.
        recipients: Where users and groups are looked up.
        templates: What typed messages are rendered with.

    Raises:
        InvalidRecordError: It is no notification; the error names the field and the problem.
        UnroutableError: A typed message names a recipient that is unknown or has no contact.
        TemplateError: The template is unknown or failed on the message's context.
    """
    if not value:
        raise InvalidRecordError("the record has no value")
    value = value.removeprefix(_BYTE_ORDER_MARK)
    message = _envelope_at_once(value) or _either(value)
    if isinstance(message, Envelope):
        return from_envelope(message, timestamp, recipients)
    return from_typed(message, timestamp, recipients, templates)


def _envelope_at_once(value: bytes) -> Envelope | None:
    """Decode in one pass what can be nothing else than an envelope, as most are."""
    if b"message_type" in value or b"\\u" in value:  # the name of that field, perhaps escaped
        return None
    try:
        return _ENVELOPE.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _either(value: bytes) -> Envelope | TypedMessage:
    if decode(_SHAPE, value).message_type is None:
        return decode(_ENVELOPE, value)
    return decode(_TYPED, value)
