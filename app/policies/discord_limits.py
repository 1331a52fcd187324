"""What Discord takes in an embed, and how anything else is brought within it.

Limits: Discord's API reference, "Embed Limits" and "Execute Webhook". Whether Discord counts code
points or UTF-16 units is not documented; UTF-16 units are never fewer, so they are counted here.
"""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from app.policies.addresses import normalise_webhook
from app.policies.plain_text import SHORTENED
from app.values.errors import UnroutableError
from app.values.notification import Author, Embed, Field, Footer, Image

MAX_EMBEDS = 10
MAX_TOTAL = 6000
MAX_TITLE = 256
MAX_DESCRIPTION = 4096
MAX_FIELDS = 25
MAX_FIELD_NAME = 256
MAX_FIELD_VALUE = 1024
MAX_FOOTER = 2048
MAX_AUTHOR = 256
MAX_USERNAME = 80

NOTHING = "\u200b"
"""A zero-width space: Discord refuses empty names and values."""

_MAX_COLOR = 0xFFFFFF
_FORBIDDEN_IN_USERNAMES = ("discord", "clyde")
_RESERVED_USERNAMES = ("everyone", "here")


def sound_embed(embed: Embed) -> Embed:
    """Bring every part of an embed within its own limit; leave out what Discord refuses."""
    return Embed(
        title=_shorten(embed.title, MAX_TITLE),
        description=_shorten(embed.description, MAX_DESCRIPTION),
        url=sound_url(embed.url),
        timestamp=_timestamp(embed.timestamp),
        color=embed.color if embed.color is not None and 0 <= embed.color <= _MAX_COLOR else None,
        footer=_footer(embed.footer),
        image=_image(embed.image),
        thumbnail=_image(embed.thumbnail),
        author=_author(embed.author),
        fields=_fields(embed.fields),
    )


def sound_url(url: str | None) -> str | None:
    """Return a URL that Discord takes, or None; names without a dot are not well formed to it."""
    if not url:
        return None
    try:
        sound = normalise_webhook(url)
    except UnroutableError:
        return None
    return url if "." in urlsplit(sound).netloc else None


def sound_username(name: str | None) -> str | None:
    """Return a name that Discord takes, or None for the webhook's own."""
    name = " ".join((name or "").split())
    lower = name.lower()
    if (
        not name
        or lower in _RESERVED_USERNAMES
        or any(word in lower for word in _FORBIDDEN_IN_USERNAMES)
    ):
        return None
    return name if length(name) <= MAX_USERNAME else cut(name, MAX_USERNAME - 1) + "…"


def length(text: str | None) -> int:
    """Return the number of UTF-16 units."""
    if text is None:
        return 0
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """Return the first ``limit`` UTF-16 units, never half a character."""
    if len(text) * 2 <= limit or length(text) <= limit:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: limit * 2].decode("utf-16-le", "ignore")


def _shorten(text: str | None, limit: int) -> str | None:
    if text is None or not text.strip():
        return None
    if len(text) * 2 <= limit or length(text) <= limit:
        return text
    return cut(text, limit - len(SHORTENED)) + SHORTENED


def _fields(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    if len(fields) > MAX_FIELDS:
        fields = (*fields[: MAX_FIELDS - 1], Field(NOTHING, SHORTENED))
    return tuple(_field(field) for field in fields)


def _field(field: Field) -> Field:
    return Field(
        _shorten(field.name, MAX_FIELD_NAME) or NOTHING,
        _shorten(field.value, MAX_FIELD_VALUE) or NOTHING,
        field.inline,
    )


def _footer(footer: Footer | None) -> Footer | None:
    text = _shorten(footer.text, MAX_FOOTER) if footer else None
    return Footer(text, sound_url(footer.icon_url)) if footer and text else None


def _author(author: Author | None) -> Author | None:
    name = _shorten(author.name, MAX_AUTHOR) if author else None
    return (
        Author(name, sound_url(author.url), sound_url(author.icon_url)) if author and name else None
    )


def _image(image: Image | None) -> Image | None:
    url = sound_url(image.url) if image else None
    return Image(url) if url else None


def _timestamp(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
