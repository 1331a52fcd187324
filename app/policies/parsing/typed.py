"""Typed messages (v2): flat, one struct for each ``message_type``."""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from app.policies.parsing.addressing import find_users, make_requests
from app.policies.parsing.appearance import FieldWire, make_fields
from app.policies.parsing.colors import DIRECTIONS, level_color
from app.policies.parsing.envelope import Channel
from app.policies.parsing.templates import MessageTemplates, RenderedMessage
from app.policies.parsing.times import read_expiry, read_time
from app.values.errors import InvalidRecordError
from app.values.notification import Field, Footer, Mail, Metadata, Notification, Priority
from app.values.recipients import Recipients

SYSTEM = "System"


class _Typed(msgspec.Struct, tag_field="message_type", kw_only=True):
    """What every typed message may have."""

    message_id: str | None = None
    user_uuid: str | None = None
    group_name: str | None = None
    group_uuid: str | None = None
    priority: Priority | None = None
    timestamp: str | None = None
    expires_at: str | None = None
    ttl_seconds: float | None = None
    ordering_key: str | None = None


class Simple(_Typed, tag="simple", kw_only=True):
    """A text."""

    content: str
    title: str | None = None
    channels: list[Channel] | None = None


class Template(_Typed, tag="template", kw_only=True):
    """A message template and what to fill it with."""

    template_id: str
    context: dict[str, Any] | None = None


class TradingSignal(_Typed, tag="trading_signal", kw_only=True):
    """A trading signal, rendered by the template of that name."""

    direction: str
    code: str
    price: int | float | str | None = None
    volume: int | float | str | None = None
    strategy: str | None = None
    reason: str | None = None


class SystemNotification(_Typed, tag="system_notification", kw_only=True):
    """A word from a system, rendered by the template ``system_alert``."""

    content: str
    level: str | None = None


class CustomFields(_Typed, tag="custom_fields", kw_only=True):
    """A text with labelled values, coloured by its level."""

    content: str
    fields: list[FieldWire]
    title: str | None = None
    level: str | None = None
    module: str | None = None


TypedMessage = Simple | Template | TradingSignal | SystemNotification | CustomFields


class _Body(msgspec.Struct, frozen=True):
    """What is said, whoever is told."""

    message: RenderedMessage
    fields: tuple[Field, ...] = ()
    footer: Footer | None = None
    template_id: str | None = None
    priority: Priority = Priority.NORMAL


def from_typed(
    message: TypedMessage,
    record_time: float,
    recipients: Recipients,
    templates: MessageTemplates,
) -> Notification:
    """Read a typed message.

    Args:
        message: As decoded.
        record_time: The record's own time in seconds since the epoch.
        recipients: Where the addressee is looked up.
        templates: What it is rendered with.

    Raises:
        InvalidRecordError: A field is wrong.
        UnroutableError: The addressee is unknown or has no contact.
        TemplateError: The template is unknown or failed on the message's context.
    """
    timestamp = read_time(message.timestamp, "timestamp")
    since = record_time if timestamp is None else timestamp
    expires_at = read_expiry(message.expires_at, message.ttl_seconds, since)
    body = _body(message, templates)
    group_name = message.group_name
    if isinstance(message, CustomFields) and not message.group_uuid:
        group_name = group_name or SYSTEM
    name, users = find_users(recipients, message.user_uuid, message.group_uuid, group_name)
    channels = (message.channels or ()) if isinstance(message, Simple) else ()
    said = body.message
    return Notification(
        content=said.content,
        requests=make_requests(name, users, channels),
        message_id=message.message_id or None,
        title=said.title,
        priority=body.priority if message.priority is None else message.priority,
        timestamp=timestamp,
        expires_at=expires_at,
        ordering_key=message.ordering_key or None,
        color=said.color,
        fields=body.fields,
        footer=body.footer,
        mail=Mail(html=said.html),
        metadata=Metadata(message.user_uuid, body.template_id),
    )


def _body(message: TypedMessage, templates: MessageTemplates) -> _Body:
    match message:
        case Simple():
            return _Body(RenderedMessage(_content(message.content), message.title or None))
        case Template():
            if not message.template_id:
                raise InvalidRecordError("must not be empty", "template_id")
            return _rendered(templates, message.template_id, message.context or {})
        case TradingSignal():
            return _trading_signal(message, templates)
        case SystemNotification():
            context = {"content": _content(message.content), "level": _level(message.level)}
            return _rendered(templates, "system_alert", context)
        case CustomFields():
            return _custom_fields(message)
        case _:
            assert_never(message)


def _trading_signal(message: TradingSignal, templates: MessageTemplates) -> _Body:
    direction = message.direction.upper()
    if direction not in DIRECTIONS:
        raise InvalidRecordError(f"expected {', '.join(DIRECTIONS)}", "direction")
    if not message.code or message.code.isspace():
        raise InvalidRecordError("must not be empty", "code")
    context = {
        "direction": direction,
        "code": message.code,
        "price": message.price,
        "volume": message.volume,
        "strategy": message.strategy,
        "reason": message.reason,
    }
    # The original sent trading signals as HIGH unless told otherwise.
    return _rendered(templates, "trading_signal", context, Priority.HIGH)


def _custom_fields(message: CustomFields) -> _Body:
    if not message.fields:
        raise InvalidRecordError("must have at least one field", "fields")
    said = RenderedMessage(
        _content(message.content), message.title or None, level_color(_level(message.level))
    )
    return _Body(said, make_fields(message.fields), Footer(message.module or SYSTEM))


def _rendered(
    templates: MessageTemplates,
    template_id: str,
    context: Mapping[str, object],
    priority: Priority = Priority.NORMAL,
) -> _Body:
    said = templates.render(template_id, context)
    return _Body(said, template_id=template_id, priority=priority)


def _content(content: str) -> str:
    if not content or content.isspace():
        raise InvalidRecordError("must not be empty", "content")
    return content


def _level(level: str | None) -> str:
    """Any level goes: an alert must not be lost for its name."""
    return (level or "INFO").upper()
