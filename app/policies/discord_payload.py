"""Discord's execute-webhook JSON, never anything that Discord would refuse."""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from app.policies.discord_limits import (
    MAX_DESCRIPTION,
    MAX_EMBEDS,
    MAX_FIELDS,
    MAX_TOTAL,
    NOTHING,
    cut,
    has_body,
    length,
    sound_embed,
    sound_url,
    sound_username,
)
from app.policies.plain_text import SHORTENED, readable
from app.values.notification import Embed, Field, Notification, Sender

MOST_FIELDS = MAX_EMBEDS * MAX_FIELDS + 1
"""Fields that are looked at: one more than a request can carry."""

_TAIL = "\n" + SHORTENED


class _Mentions(msgspec.Struct, frozen=True):
    parse: tuple[str, ...]


class _Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    embeds: tuple[Embed, ...]
    allowed_mentions: _Mentions
    username: str | None = None
    avatar_url: str | None = None


_NO_MENTIONS = _Mentions(())
_encoder = msgspec.json.Encoder()


def encode(embeds: Sequence[Embed], sender: Sender) -> bytes:
    """Return the body of one request.

    Args:
        embeds: From ``embeds_of``; at most ``MAX_EMBEDS``, at most ``MAX_TOTAL`` by ``size``.
        sender: Who it appears to come from; what Discord forbids is left out.
    """
    return _encoder.encode(
        _Payload(
            tuple(embeds),
            _NO_MENTIONS,
            sound_username(sender.username),
            sound_url(sender.avatar_url),
        )
    )


def embeds_of(notification: Notification) -> tuple[Embed, ...]:
    """Return a notification as embeds that fit into one request, at least one.

    Title, text, colour, fields and footer make one embed, or several of one colour where they do
    not fit into one; the producer's own embeds follow. What is too long for one request is cut,
    and a visible mark says so.
    """
    embeds = (*_own(notification), *notification.embeds[:MAX_EMBEDS])
    sound = [sound_embed(embed) for embed in embeds]
    saying = [embed for embed in sound if has_body(embed)]
    return _each_shown(_fit(saying or [Embed(description=NOTHING, color=notification.color)]))


def fits(embeds: Sequence[Embed], more: Sequence[Embed]) -> bool:
    """Say whether one request can carry another notification's embeds after these.

    Within Discord's limits for all embeds of a message, and so that all of them are shown: of
    embeds with one URL Discord shows only the first. Who sends them must be the same for both.

    Args:
        embeds: Of one notification from ``embeds_of``, or of several that fit.
        more: Of the next one, from ``embeds_of``.
    """
    if len(embeds) + len(more) > MAX_EMBEDS:
        return False
    urls = {embed.url for embed in embeds if embed.url}
    return urls.isdisjoint(embed.url for embed in more) and size(embeds) + size(more) <= MAX_TOTAL


def size(embeds: Iterable[Embed]) -> int:
    """Return how much embeds use up of ``MAX_TOTAL``, the limit for all embeds of a request."""
    return sum(
        length(embed.title)
        + length(embed.description)
        + (length(embed.footer.text) if embed.footer else 0)
        + (length(embed.author.name) if embed.author else 0)
        + sum(_field_size(field) for field in embed.fields)
        for embed in embeds
    )


def _own(notification: Notification) -> list[Embed]:
    """Make the embeds of title, text, colour, fields and footer, split where one is not enough."""
    color, fields = notification.color, notification.fields[:MOST_FIELDS]
    text = readable(notification, MAX_TOTAL)[: MAX_TOTAL + 1]
    embeds = [Embed(description=part, color=color) for part in _split(text)]
    embeds[0] = replace(
        embeds[0], title=notification.title, url=notification.url, author=notification.author
    )
    embeds[-1] = replace(embeds[-1], fields=fields[:MAX_FIELDS])
    embeds += [
        Embed(color=color, fields=fields[start : start + MAX_FIELDS])
        for start in range(MAX_FIELDS, len(fields), MAX_FIELDS)
    ]
    if notification.footer is not None:
        embeds[-1] = replace(embeds[-1], footer=notification.footer)
    return embeds


def _fit(embeds: list[Embed]) -> list[Embed]:
    """Bring all embeds together within the limits of one request."""
    if len(embeds) <= MAX_EMBEDS and size(embeds) <= MAX_TOTAL:
        return embeds
    room = MAX_TOTAL - len(_TAIL)
    kept: list[Embed] = []
    for embed in embeds[:MAX_EMBEDS]:
        part = _part(embed, room)
        if has_body(part):
            kept.append(part)
        if part != embed:
            break
        room -= size([part])
    text = cut(kept[-1].description or "", MAX_DESCRIPTION - len(_TAIL))
    kept[-1] = replace(kept[-1], description=(text + _TAIL).strip())
    return kept


def _part(embed: Embed, room: int) -> Embed:
    """Return as much of an embed as there is room for: title, author, text, fields, footer."""
    if size([embed]) <= room:
        return embed
    title = cut(embed.title or "", room) or None
    room -= length(title)
    author = embed.author if embed.author and length(embed.author.name) <= room else None
    room -= length(author.name) if author else 0
    description = cut(embed.description or "", room) or None
    room -= length(description)
    fields = []
    for field in embed.fields:
        if _field_size(field) > room:
            break
        fields.append(field)
        room -= _field_size(field)
    footer = embed.footer if embed.footer and length(embed.footer.text) <= room else None
    return replace(
        embed,
        title=title,
        author=author,
        description=description,
        fields=tuple(fields),
        footer=footer,
    )


def _each_shown(embeds: list[Embed]) -> tuple[Embed, ...]:
    """Take a URL from embeds that would not be shown, because an earlier one has the same.

    Pictures alone keep it: Discord shows them together with the first, which is why producers
    give several embeds one URL.
    """
    urls: set[str] = set()
    shown = []
    for embed in embeds:
        if embed.url and embed.url in urls and size([embed]):
            shown.append(replace(embed, url=None))
        else:
            shown.append(embed)
        if embed.url:
            urls.add(embed.url)
    return tuple(shown)


def _split(text: str) -> list[str]:
    """Split a text into descriptions, at the end of a line or a word where one is near."""
    parts: list[str] = []
    while length(text) > MAX_DESCRIPTION and len(parts) * MAX_DESCRIPTION < MAX_TOTAL:
        part = cut(text, MAX_DESCRIPTION)
        near = len(part) * 3 // 4
        end = next((at for mark in "\n " if (at := part.rfind(mark, near)) > 0), len(part))
        parts.append(part[:end])
        text = text[end:]
    return [*parts, text]


def _field_size(field: Field) -> int:
    return length(field.name) + length(field.value)
