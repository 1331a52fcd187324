"""Discord's execute-webhook JSON, never anything that Discord would refuse."""

from collections.abc import Iterable, Sequence

import msgspec

from app.edges.channels.discord.limits import (
    MAX_EMBEDS,
    MAX_TOTAL,
    length,
    sound_url,
    sound_username,
)
from app.values.notification import Embed, Field, Sender


class _Mentions(msgspec.Struct, frozen=True):
    parse: tuple[str, ...]


class _Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    embeds: tuple[Embed, ...]
    allowed_mentions: _Mentions
    username: str | None = None
    avatar_url: str | None = None


class _Plain(msgspec.Struct, frozen=True, omit_defaults=True):
    content: str
    allowed_mentions: _Mentions
    username: str | None = None
    avatar_url: str | None = None


_NO_MENTIONS = _Mentions(())
_encoder = msgspec.json.Encoder()


def encode_plain(content: str, sender: Sender) -> bytes:
    """Return the body of a request without embeds.

    Args:
        sender: Who it appears to come from; what Discord forbids is left out.
    """
    name, picture = sound_username(sender.username), sound_url(sender.avatar_url)
    return _encoder.encode(_Plain(content, _NO_MENTIONS, name, picture))


def encode(embeds: Sequence[Embed], sender: Sender) -> bytes:
    """Return the body of one request.

    Args:
        embeds: From ``render``; at most ``MAX_EMBEDS``, at most ``MAX_TOTAL`` by ``size``.
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


def fits(embeds: Sequence[Embed], more: Sequence[Embed]) -> bool:
    """Say whether one request can also carry another notification's embeds.

    Within Discord's limits for all embeds of a message, and so that all of them are shown: of
    embeds with one URL Discord shows only the first. Who sends them must be the same for both.

    Args:
        embeds: Of one notification from ``render``, or of several that fit.
        more: Of the next one, from ``render``.
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
        + sum(field_size(field) for field in embed.fields)
        for embed in embeds
    )


def field_size(field: Field) -> int:
    """Return how much a field uses up of ``MAX_TOTAL``."""
    return length(field.name) + length(field.value)
