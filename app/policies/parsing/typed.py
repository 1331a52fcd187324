"""Typed messages (v2): flat, one struct for each ``message_type``."""

from collections.abc import Mapping
from typing import Annotated, Any, assert_never

from app.policies.parsing.addressing import Named, address
from app.policies.parsing.appearance import FieldWire, make_fields
from app.policies.parsing.colors import DIRECTIONS, level_color
from app.policies.parsing.common import Common, assemble
from app.policies.parsing.extras import Extras, KwargsWire, make_extras
from app.policies.parsing.fitting import DECIDES, name_of
from app.policies.parsing.reading import Reading
from app.policies.parsing.saying import Said, dress, say
from app.policies.parsing.templates import RenderedMessage
from app.policies.texts.notes import Notes, quoted
from app.values.errors import InvalidRecordError
from app.values.notification import ContentType, Footer, Metadata, Notification, Priority, Request

SYSTEM = "System"


class _Typed(Common, tag_field="message_type", kw_only=True, gc=False):
    """Members that every typed message may have."""

    user_uuid: Annotated[str | None, DECIDES] = None
    user_uuids: Annotated[str | list[Any] | None, DECIDES] = None
    group_name: Annotated[str | None, DECIDES] = None
    group_uuid: Annotated[str | None, DECIDES] = None
    channels: Annotated[str | list[Any] | None, DECIDES] = None
    kwargs: KwargsWire | None = None


class Simple(_Typed, tag="simple", kw_only=True, gc=False):
    """A text."""

    content: Annotated[str | None, DECIDES] = None
    title: str | None = None
    template_id: str | None = None


class Template(_Typed, tag="template", kw_only=True, gc=False):
    """A message template and what to fill it with."""

    template_id: Annotated[str, DECIDES]
    context: dict[str, Any] | None = None


class TradingSignal(_Typed, tag="trading_signal", kw_only=True, gc=False):
    """A trading signal, rendered by the template of that name."""

    direction: Annotated[str, DECIDES]
    code: str
    price: Any = None
    volume: Any = None
    strategy: str | None = None
    reason: str | None = None


class SystemNotification(_Typed, tag="system_notification", kw_only=True, gc=False):
    """A system's alert, rendered by the template ``system_alert``."""

    content: Annotated[str | None, DECIDES] = None
    level: str | None = None


class CustomFields(_Typed, tag="custom_fields", kw_only=True, gc=False):
    """A text with labelled values, coloured by its level."""

    content: Annotated[str | None, DECIDES] = None
    fields: list[FieldWire] | None = None
    title: str | None = None
    level: str | None = None
    module: str | None = None


TypedMessage = Simple | Template | TradingSignal | SystemNotification | CustomFields

_KINDS: dict[str, type[TypedMessage]] = {
    "simple": Simple,
    "template": Template,
    "trading_signal": TradingSignal,
    "system_notification": SystemNotification,
    "custom_fields": CustomFields,
}


def kind_of(read: object) -> type[TypedMessage] | None:
    """Return the struct for decoded JSON; None if it is no typed message.

    Raises:
        InvalidRecordError: Its ``message_type`` is not known.
    """
    named = read.get("message_type") if isinstance(read, dict) else None
    if named is None or named == "":
        return None
    if not isinstance(named, str):
        raise InvalidRecordError(f"expected a string, got {name_of(named)}", "message_type")
    if named not in _KINDS:
        *others, last = _KINDS
        expected = f"{', '.join(others)} or {last}"
        raise InvalidRecordError(f"expected {expected}, got {quoted(named)}", "message_type")
    return _KINDS[named]


def from_typed(message: TypedMessage, reading: Reading) -> Notification:
    """Read a typed message.

    Raises:
        InvalidRecordError: There is no content.
        UnroutableError: The addressee is unknown or has no contact.
        TemplateError: The template is unknown or failed on the message's context.
    """
    said = _said(message, make_extras(message.kwargs, reading.notes), reading)
    requests = _requests(message, reading)
    told = Metadata(message.user_uuid, _template_of(message))
    return assemble(message, said, requests, told, reading, _usual_priority(message))


def _said(message: TypedMessage, extras: Extras, reading: Reading) -> Said:
    notes = reading.notes
    match message:
        case Simple():
            title, template_id = message.title or None, message.template_id
            return say(message.content, title, ContentType.TEXT, extras, template_id, reading)
        case Template():
            if not message.template_id:
                raise InvalidRecordError("must not be empty", "template_id")
            return dress(_rendered(message, message.context or {}, reading), None, extras, notes)
        case TradingSignal():
            return dress(_trading_signal(message, reading), None, extras, notes)
        case SystemNotification():
            context = {"content": _content(message.content), "level": _level(message.level)}
            return dress(_rendered(message, context, reading), None, extras, notes)
        case CustomFields():
            return dress(_custom_fields(message, notes), None, extras, notes)
        case _:
            assert_never(message)


def _requests(message: TypedMessage, reading: Reading) -> tuple[Request, ...]:
    group_name = message.group_name
    if isinstance(message, CustomFields) and not (message.group_uuid or message.user_uuids):
        group_name = group_name or SYSTEM
    named = Named(message.user_uuid, message.user_uuids, message.group_uuid, group_name)
    channels = message.channels if isinstance(message, Simple) else None
    return address(named, channels, message.kwargs, reading.recipients, reading.channels)


def _template_of(message: TypedMessage) -> str | None:
    match message:
        case Simple() | Template():
            return message.template_id or None
        case TradingSignal():
            return "trading_signal"
        case SystemNotification():
            return "system_alert"
        case CustomFields():
            return None
        case _:
            assert_never(message)


def _usual_priority(message: TypedMessage) -> Priority:
    """Return the priority of a message that states none: signals are HIGH, as in the original."""
    return Priority.HIGH if isinstance(message, TradingSignal) else Priority.NORMAL


def _trading_signal(message: TradingSignal, reading: Reading) -> RenderedMessage:
    if not message.code or message.code.isspace():
        raise InvalidRecordError("must not be empty", "code")
    notes = reading.notes
    context = {
        "direction": _direction(message.direction, notes),
        "code": message.code,
        "price": _number(message.price, "price", notes),
        "volume": _number(message.volume, "volume", notes),
        "strategy": message.strategy,
        "reason": message.reason,
    }
    return _rendered(message, context, reading)


def _direction(given: str, notes: Notes) -> str:
    """Return the direction in capitals; an enumeration's name is its last part."""
    direction = given.rpartition(".")[2].strip().upper()
    if not direction:
        raise InvalidRecordError(f"expected {', '.join(DIRECTIONS)}", "direction")
    if direction not in DIRECTIONS:
        expected = ", ".join(DIRECTIONS)
        notes.add("direction", f"expected {expected}, got {quoted(given)}; sent as it is")
    return direction


def _number(given: object, field: str, notes: Notes) -> object:
    if isinstance(given, list | dict):
        notes.left_out(field, f"expected a number or a text, got {name_of(given)}")
        return None
    return given


def _custom_fields(message: CustomFields, notes: Notes) -> RenderedMessage:
    if not message.fields:
        notes.add("fields", "must have at least one field; sent without any")
    return RenderedMessage(
        content=_content(message.content),
        title=message.title or None,
        color=level_color(_level(message.level)),
        fields=make_fields(message.fields or (), "fields", notes),
        footer=Footer(message.module or SYSTEM),
    )


def _rendered(
    message: TypedMessage, context: Mapping[str, object], reading: Reading
) -> RenderedMessage:
    return reading.templates.render(_template_of(message) or "", context)


def _content(content: str | None) -> str:
    if content is None:
        raise InvalidRecordError("is missing", "content")
    if not content or content.isspace():
        raise InvalidRecordError("must not be empty", "content")
    return content


def _level(level: str | None) -> str:
    """Any level goes: an alert must not be lost for its name."""
    return (level or "INFO").upper()
