"""Embeds as a text, for a message whose embeds Discord has refused."""

from collections.abc import Iterator, Sequence

from app.edges.channels.discord.limits import NOTHING, cut, length, says_something
from app.policies.texts.plain_text import SHORTENED
from app.values.notification import Embed

MAX_CONTENT = 2000


def plain_text(embeds: Sequence[Embed]) -> str:
    """Return what embeds say, within the length of a message's text."""
    text = "\n\n".join("\n".join(_lines(embed)) for embed in embeds)
    if length(text) > MAX_CONTENT:
        return f"{cut(text, MAX_CONTENT - len(SHORTENED) - 1)}\n{SHORTENED}"
    return text if says_something(text) else NOTHING


def _lines(embed: Embed) -> Iterator[str]:
    fields = (f"{field.name}: {field.value}" for field in embed.fields)
    said = (
        embed.author.name if embed.author else None,
        embed.title,
        embed.url,
        embed.description,
        *fields,
        embed.image.url if embed.image else None,
        embed.thumbnail.url if embed.thumbnail else None,
        embed.footer.text if embed.footer else None,
    )
    yield from filter(None, said)
