"""A generic webhook's body as a card: the Standard Webhooks form is understood, all else shown."""

import msgspec
from msgspec import Struct

from app.inbox.stand_in import StandIn, text_reply
from app.values.inbox import InboxCard


class _Field(Struct):
    name: str
    value: str


class _Data(Struct):
    content: str
    title: str | None = None
    color: int | None = None
    fields: tuple[_Field, ...] = ()


class _Event(Struct):
    data: _Data


def read_webhook(body: bytes) -> InboxCard:
    """Return the card of any body."""
    raw = body.decode(errors="replace")
    try:
        data = msgspec.json.decode(body, type=_Event).data
    except (ValueError, RecursionError):
        data = _Data(content=raw)
    return InboxCard(
        id=0,
        kind="webhook",
        time="",
        title=data.title,
        text=data.content,
        color=data.color,
        fields=tuple((field.name, field.value) for field in data.fields),
        raw=raw,
    )


STAND_IN = StandIn(
    paths=("/{path:.*}",),
    read=lambda body, _: [read_webhook(body)],
    accepted=text_reply(200, ""),
    limited=lambda _, seconds: text_reply(
        429, "Too many requests", {"Retry-After": f"{seconds:.0f}"}
    ),
    failed=text_reply(500, "Internal server error"),
)
"""A receiver that takes everything."""
