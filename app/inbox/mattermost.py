"""Mattermost's side of an incoming webhook.

Sources: developers.mattermost.com, "Incoming webhooks" and "Message attachments";
mattermost/mattermost, server/public/model/{incoming_webhook,slack_attachment,post}.go. A text is up
to 16,383 characters (longer ones become several posts), the attachments as JSON up to 800,000.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from app.inbox.markdown import MarkdownReader
from app.inbox.stand_in import RefusedError, StandIn, text_reply
from app.values.inbox import InboxCard

MAX_TEXT = 16_383
MAX_PROPS = 800_000
_READER = MarkdownReader("\\`*{}[]()#+-.!_<>~|", emoji=True)
Color = Annotated[str, msgspec.Meta(pattern=r"^(#[0-9a-fA-F]{6}|good|warning|danger)$")]


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A labelled value."""

    title: str = ""
    value: str | int | float = ""
    short: bool = False


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An attachment, as Slack once had them."""

    fallback: str = ""
    color: Color | None = None
    pretext: str = ""
    author_name: str = ""
    author_link: str = ""
    title: str = ""
    title_link: str = ""
    text: str = ""
    fields: tuple[Field, ...] = ()
    image_url: str = ""
    footer: str = ""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()


_decoder = msgspec.json.Decoder(Message)


def judge(body: bytes) -> tuple[list[InboxCard], list[str]]:
    """Return what a request shows, and whom it calls.

    Raises:
        RefusedError: Mattermost would refuse it.
    """
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RefusedError(text_reply(400, "Unable to parse incoming data")) from None
    if not message.text.strip() and not message.attachments:
        raise RefusedError(text_reply(400, "No text specified"))
    if len(message.text) > MAX_TEXT or len(body.decode()) > MAX_PROPS:
        raise RefusedError(text_reply(400, "Post too long"))
    return cards_of("mattermost", message, _READER, body.decode())


def cards_of(
    kind: str, message: Message, reader: MarkdownReader, raw: str
) -> tuple[list[InboxCard], list[str]]:
    """Return the cards of a message, and whom it calls."""
    cards: list[InboxCard] = []
    calls: list[str] = []
    if message.text:
        shown = reader.read(message.text)
        calls += shown.mentions
        cards.append(InboxCard(id=0, kind=kind, time="", title=None, text=shown.text, raw=raw))
    for each in message.attachments:
        read = [reader.read(text) for text in (each.pretext, each.title, each.text)]
        values = [(field.title, reader.read(str(field.value))) for field in each.fields]
        plain = [reader.read(text) for text in (each.author_name, each.footer, each.fallback)]
        names = [reader.read(name) for name, _ in values]
        for shown in (*read, *plain, *names, *(value for _, value in values)):
            calls += shown.mentions
        texts = [each.author_name, read[0].text, read[2].text, each.image_url]
        cards.append(
            InboxCard(
                id=0,
                kind=kind,
                time="",
                title=read[1].text or None,
                text="\n".join(filter(None, texts)),
                color=int(each.color[1:], 16) if each.color and each.color[0] == "#" else None,
                fields=tuple((name, value.text) for name, value in values),
                footer=each.footer or None,
                raw=raw,
            )
        )
    return cards, calls


def _read(body: bytes, place: Mapping[str, str]) -> Sequence[InboxCard]:
    if place["key"] == "revoked":
        raise RefusedError(text_reply(400, "Invalid webhook"))
    return judge(body)[0]


STAND_IN = StandIn(
    paths=("/hooks/{key}",),
    read=_read,
    accepted=text_reply(200, "ok"),
    limited=lambda _, seconds: text_reply(
        429, "limit exceeded", {"Retry-After": f"{max(seconds, 1):.0f}"}
    ),
    failed=text_reply(500, "internal error"),
)
