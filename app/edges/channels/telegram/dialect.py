"""Telegram's HTML (Bot API, "HTML style").

A message is 4,096 characters *after* its markup is read, counted here in UTF-16 units, which are
never fewer than whatever Telegram counts. Of more than a hundred pieces of markup Telegram forgets
the rest.
"""

import re
from collections.abc import Sequence
from html import escape

from app.policies.texts.dialects import Dialect
from app.policies.texts.markup import BOLD, ITALIC, STRIKE, Kind, Line
from app.policies.texts.units import utf16_length

LIMIT = 4096
MOST_ENTITIES = 100

_MENTION = re.compile(r"(?<![A-Za-z0-9_])@(?=[A-Za-z0-9_])")
_NAMED = re.compile(r"(?<![A-Za-z0-9_])@[A-Za-z0-9_]+")
_SHIELDED = re.compile(r"<code>@([A-Za-z0-9_]+)</code>")
_TAG = re.compile(r"<[^>]*>")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot);")
_TAGS = ((BOLD, "b"), (ITALIC, "i"), (STRIKE, "s"))


class TelegramHtml(Dialect):
    """HTML of Telegram's few tags. A name stands in ``<code>``, where it calls nobody."""

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        escaped = escape(text, quote=False)
        return _NAMED.sub(_shielded, escaped) if "@" in escaped else escaped

    def code(self, text: str) -> str:
        """See ``Dialect.code``."""
        return f"<code>{escape(text, quote=False)}</code>"

    def styled(self, text: str, style: int, url: str | None) -> str:
        """See ``Dialect.styled``."""
        for bit, tag in _TAGS:
            if style & bit:
                text = f"<{tag}>{text}</{tag}>"
        return text if url is None else f'<a href="{escape(url)}">{text}</a>'

    def verbatim(self, text: str, kind: Kind) -> str:
        """See ``Dialect.verbatim``."""
        del kind
        return escape(text, quote=False)

    def row(self, written: str, line: Line) -> str:
        """See ``Dialect.row``."""
        if line.kind is Kind.HEADING:
            return f"<b>{written}</b>" if written else ""
        return written if line.kind is Kind.QUOTE else super().row(written, line)

    def block(self, kind: Kind, rows: Sequence[str]) -> str:
        """See ``Dialect.block``."""
        tag = "blockquote" if kind is Kind.QUOTE else "pre"
        text = "\n".join(rows)
        return f"<{tag}>{text}</{tag}>"

    def length(self, written: str) -> int:
        """Return the length of the text that is read; every shield may become a character."""
        if "<" not in written and "&" not in written:
            return utf16_length(written)
        text = _ENTITY.sub("&", _TAG.sub("", written))
        return utf16_length(text) + written.count("<code>@")


class TelegramPlain(Dialect):
    """Text without markup: names are torn apart by a character that nobody sees."""

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        return _MENTION.sub("@\u200b", text)

    def length(self, written: str) -> int:
        """See ``Dialect.length``."""
        return utf16_length(written)


def _shielded(name: re.Match[str]) -> str:
    return f"<code>{name[0]}</code>"


def within_entities(html: str) -> str:
    """Return HTML in which names call nobody, even if Telegram forgets some of its markup."""
    if html.count("</") <= MOST_ENTITIES:
        return html
    return _SHIELDED.sub("@\u200b\\1", html)
