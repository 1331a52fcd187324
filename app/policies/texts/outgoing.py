"""A notification as somebody types it, as a message (docs/contract.md#messages)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from app.values.errors import NotifierError


class CannotSendError(NotifierError):
    """The input makes no notification; the text says how to change it."""


class Typed(msgspec.Struct, frozen=True):
    """The input of ``notifier send``.

    Attributes:
        text: The content; None with a template.
        user, group: Whom, by the recipients file.
        to: Addresses: mail addresses, or one webhook URL.
        priority: 0 to 3, or None for the usual one.
        color: As it was typed, ``#ff0000`` or ``0xff0000``.
    """

    text: str | None = None
    user: str | None = None
    group: str | None = None
    channels: Sequence[str] = ()
    to: Sequence[str] = ()
    title: str | None = None
    priority: int | None = None
    color: str | None = None
    fields: Sequence[tuple[str, str]] = ()
    template: str | None = None
    variables: Mapping[str, str] = {}


def compose(typed: Typed) -> bytes:
    """Return the message as JSON.

    Raises:
        CannotSendError: It says nothing, or two things at once.
    """
    if (typed.text is None) is (typed.template is None):
        raise CannotSendError("give either a text or --template")
    if (typed.user or typed.group) and typed.to:
        raise CannotSendError("give either --to or --user and --group")
    kwargs = _kwargs(typed)
    channels = list(typed.channels) or _channels_of(kwargs)
    message: dict[str, Any]
    if typed.template is not None:
        message = {
            "message_type": "template",
            "template_id": typed.template,
            "context": dict(typed.variables),
        }
    elif typed.user or typed.group:
        message = {"message_type": "simple", "content": typed.text, "title": typed.title}
    else:
        message = {"content": typed.text, "metadata": {}}
        if typed.title:
            message["metadata"] = {"title": typed.title}
        channels = channels or ["webhook"]
    message |= {
        "user_uuid": typed.user,
        "group_name": typed.group,
        "channels": channels,
        "priority": typed.priority,
        "kwargs": kwargs,
    }
    given = {name: value for name, value in message.items() if value not in (None, [], {})}
    return msgspec.json.encode(given)


def _kwargs(typed: Typed) -> dict[str, Any]:
    urls = [each for each in typed.to if each.lower().startswith(("http://", "https://"))]
    mails = [each for each in typed.to if each not in urls]
    if len(urls) > 1:
        raise CannotSendError("one notification goes to one webhook URL: send two")
    kwargs: dict[str, Any] = {
        "webhook_url": urls[0] if urls else None,
        "to": mails,
        "color": typed.color,
        "fields": [{"name": name, "value": value} for name, value in typed.fields],
    }
    return {name: value for name, value in kwargs.items() if value}


def _channels_of(kwargs: Mapping[str, Any]) -> list[str]:
    """Return the channels that the addresses themselves name."""
    named = {"webhook_url": "webhook", "to": "email"}
    return [channel for name, channel in named.items() if name in kwargs]
