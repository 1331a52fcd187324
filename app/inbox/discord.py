"""Discord's side of an execute-webhook request: what it refuses, and what it shows.

Limits from Discord's API reference: "Execute Webhook", "Embed Limits", "Error Messages".
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from app.values.inbox import InboxCard

MAX_EMBEDS_TEXT = 6000

INVALID_JSON = 50109
INVALID_FORM = 50035
EMPTY_MESSAGE = 50006

_NOT_BLANK = r"\S"
# A host without a dot is not well formed to Discord; no file comes along that attachment:// names.
_URL = r"^https?://(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::\d+)?(?:[/?#][!-~]*)?\Z"
_NAME = r"(?is)^(?=.*\S)(?!.*(?:clyde|discord|everyone|here|```))"
_Url = Annotated[str, Meta(max_length=2048, pattern=_URL)]
_Id = Annotated[str, Meta(pattern=r"^\d{1,19}\Z")]


class _Field(Struct):
    name: Annotated[str, Meta(max_length=256, pattern=_NOT_BLANK)]
    value: Annotated[str, Meta(max_length=1024, pattern=_NOT_BLANK)]
    inline: bool | None = None


class _Footer(Struct):
    text: Annotated[str, Meta(max_length=2048, pattern=_NOT_BLANK)]
    icon_url: _Url | None = None


class _Author(Struct):
    name: Annotated[str, Meta(max_length=256, pattern=_NOT_BLANK)]
    url: _Url | None = None
    icon_url: _Url | None = None


class _Image(Struct):
    url: _Url


class _Embed(Struct):
    title: Annotated[str, Meta(max_length=256)] | None = None
    description: Annotated[str, Meta(max_length=4096)] | None = None
    url: _Url | None = None
    timestamp: Annotated[datetime, Meta(tz=True)] | None = None
    color: Annotated[int, Meta(ge=0, le=0xFFFFFF)] | None = None
    footer: _Footer | None = None
    image: _Image | None = None
    thumbnail: _Image | None = None
    author: _Author | None = None
    fields: Annotated[list[_Field], Meta(max_length=25)] | None = None

    def texts(self) -> Iterator[str]:
        """Yield the parts that count towards the limit of all embeds together."""
        yield self.title or ""
        yield self.description or ""
        yield self.footer.text if self.footer else ""
        yield self.author.name if self.author else ""
        for field in self.fields or ():
            yield field.name
            yield field.value

    @property
    def empty(self) -> bool:
        return not (any(map(str.strip, self.texts())) or self.image or self.thumbnail)


class _Mentions(Struct):
    parse: list[Literal["roles", "users", "everyone"]] | None = None
    roles: Annotated[list[_Id], Meta(max_length=100)] | None = None
    users: Annotated[list[_Id], Meta(max_length=100)] | None = None


class _Message(Struct):
    content: Annotated[str, Meta(max_length=2000)] | None = None
    username: Annotated[str, Meta(max_length=80, pattern=_NAME)] | None = None
    avatar_url: _Url | None = None
    embeds: Annotated[list[_Embed], Meta(max_length=10)] | None = None
    allowed_mentions: _Mentions | None = None


class RefusedError(Exception):
    """Discord would answer 400.

    Attributes:
        answer: The JSON of its answer: ``message``, ``code``, ``errors``.
    """

    def __init__(self, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.answer = {"message": message, "code": code} | ({"errors": errors} if errors else {})


def read_message(body: bytes) -> list[InboxCard]:
    """Return a card for each embed of an execute-webhook body, or one for its content alone.

    Raises:
        RefusedError: Discord would refuse it.
    """
    try:
        message = msgspec.json.decode(body, type=_Message)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        raise _invalid(path.strip("`"), problem) from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(INVALID_JSON, "The request body contains invalid JSON.") from error
    _check(message)
    raw = body.decode()
    content = message.content or ""
    if not message.embeds:
        return [_card(None, content, message.username, raw)]
    first, *others = message.embeds
    return [
        _card(first, content, message.username, raw),
        *(_card(embed, "", message.username, raw) for embed in others),
    ]


def _check(message: _Message) -> None:
    embeds = message.embeds or []
    if not embeds and not (message.content or "").strip():
        raise RefusedError(EMPTY_MESSAGE, "Cannot send an empty message")
    for number, embed in enumerate(embeds):
        if embed.empty:
            raise _invalid(f"$.embeds[{number}].description", "This field is required")
    if sum(len(text.strip()) for embed in embeds for text in embed.texts()) > MAX_EMBEDS_TEXT:
        raise _invalid("$.embeds", f"Embed size exceeds maximum size of {MAX_EMBEDS_TEXT}")


def _invalid(path: str, problem: str) -> RefusedError:
    """Nest a problem as Discord does: ``{"embeds": {"0": {"title": {"_errors": […]}}}}``."""
    errors: dict[str, Any] = {"_errors": [{"code": "INVALID", "message": problem}]}
    for step in reversed(re.findall(r"\w+", path)):
        errors = {step: errors}
    return RefusedError(INVALID_FORM, "Invalid Form Body", errors)


def _card(embed: _Embed | None, content: str, username: str | None, raw: str) -> InboxCard:
    shown = embed or _Embed()
    return InboxCard(
        id=0,
        kind="discord",
        time="",
        title=shown.title,
        text=_seen("\n\n".join(filter(None, [content, shown.description]))),
        color=shown.color,
        fields=tuple((_seen(field.name), _seen(field.value)) for field in shown.fields or ()),
        footer=shown.footer.text if shown.footer else None,
        sender=username,
        raw=raw,
    )


def _seen(text: str) -> str:
    """Leave out characters that stand for an empty text, as Discord's clients do."""
    return text.replace("\u200b", "")
