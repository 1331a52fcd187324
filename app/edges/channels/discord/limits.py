"""Discord's limits for embeds, and how an embed is made to fit them.

Limits: Discord's API reference, "Embed Limits" and "Execute Webhook". Discord once said that it
counts code points; UTF-16 units are never fewer, so they are counted here. Rules that are not
written down (which texts are empty, which URLs well formed, which names refused) are as users
report them, read strictly.
"""

import ipaddress
import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from app.policies.addresses.host_names import ascii_host
from app.policies.texts.plain_text import SHORTENED
from app.policies.texts.units import utf16_length
from app.policies.texts.visible import is_seen, shows
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
MAX_URL = 2048

NOTHING = "\u200b"
"""A zero-width space: Discord refuses empty texts, and does not take this one for empty."""

_CUT = "…"
_MAX_COLOR = 0xFFFFFF
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# "everyone" and "here" are documented as whole names, and refused within others all the same.
_NOT_IN_USERNAMES = ("discord", "clyde", "everyone", "here", "```")

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--{_LABEL})")
_MAX_HOST_NAME = 253
_MAX_PORT = 65535
_AS_THEY_ARE = "-._~!$&'()*+,;=:@/?%"
_URL_TAIL = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*"
_PLAIN_URL = re.compile(
    rf"https?://(?P<host>[^/?#:@\s]+)(?::(?P<port>[1-9][0-9]{{0,4}}))?(?:[/?]{_URL_TAIL})?(?:#{_URL_TAIL})?"
)
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def sound_embed(embed: Embed) -> Embed:
    """Shorten each part of an embed to its own limit; leave out what Discord refuses."""
    sound = Embed(
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
    if (sound.author or sound.footer) and not has_body(sound):
        return replace(sound, description=NOTHING)
    return sound


def has_body(embed: Embed) -> bool:
    """Say whether there is something between author and footer: without it an embed is refused."""
    return bool(embed.title or embed.description or embed.fields or embed.image or embed.thumbnail)


def sound_url(url: str | None) -> str | None:
    """Return a URL that Discord takes, percent-encoded if needed, or None.

    To Discord a URL is not well formed when its host has no dot or has an underscore.
    """
    if not url or len(url) > MAX_URL:
        return None
    match = _PLAIN_URL.fullmatch(url) or _PLAIN_URL.fullmatch(_encoded(url))
    if match is None or len(match[0]) > MAX_URL:
        return None
    sound = _is_public_looking(match["host"]) and int(match["port"] or 1) <= _MAX_PORT
    return match[0] if sound else None


def sound_username(name: str | None) -> str | None:
    """Return a name that Discord takes, or None for the webhook's own."""
    name = " ".join((name or "").split())
    mark = ""
    if length(name) > MAX_USERNAME:
        name, mark = cut(name, MAX_USERNAME - len(_CUT)), _CUT
    # Discord may take out what is not seen before it looks for words.
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(each for each in plain if is_seen(each) or each == " ")
    if not plain.strip() or any(word in plain for word in _NOT_IN_USERNAMES):
        return None
    return name + mark


def length(text: str | None) -> int:
    """Return the number of UTF-16 units."""
    return 0 if text is None else utf16_length(text)


def cut(text: str, limit: int) -> str:
    """Return the first ``limit`` UTF-16 units, never half a character."""
    text = text[:limit]
    if len(text) * 2 <= limit or length(text) <= limit:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: limit * 2].decode("utf-16-le", "ignore")


def says_something(text: str) -> bool:
    """Say whether it is certain that a text is not empty to Discord."""
    return shows(text) or NOTHING in text


def _shorten(text: str | None, limit: int) -> str | None:
    if text is None or not text.strip():
        return None
    if len(text) * 2 > limit and length(text[: limit + 1]) > limit:
        return cut(text, limit - len(SHORTENED)) + SHORTENED
    if says_something(text):
        return text
    # Controls, private use, characters newer than this Python: kept, beside what is never empty.
    return cut(text, limit - len(NOTHING)) + NOTHING


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
    """Return a time since 1970 in the one spelling of ISO 8601 that everybody reads."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat() if moment >= _EPOCH else None


def _encoded(url: str) -> str:
    """Return a URL with its host in ASCII and the rest percent-encoded, or an empty text."""
    try:
        parts = urlsplit(url)
        host = ascii_host(parts.hostname or "")
        port = "" if parts.port is None else f":{parts.port}"
        path, query, fragment = (
            _LONE_PERCENT.sub("%25", quote(part, safe=_AS_THEY_ARE))
            for part in (parts.path, parts.query, parts.fragment)
        )
    except ValueError:
        return ""
    if "@" in parts.netloc:
        return ""
    tail = f"{path}{'?' if query else ''}{query}{'#' if fragment else ''}{fragment}"
    return f"{parts.scheme}://{host}{port}{tail}"


def _is_public_looking(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return len(host) <= _MAX_HOST_NAME and bool(_HOST_NAME.fullmatch(host))
    return True
