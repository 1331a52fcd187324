"""Feishu's Markdown in cards: bold, italics, strikethrough and links; the rest is plain text.

Cards of the first structure show on every client; headings, quotations and tables are Markdown of
the second alone. Signs are written as entities of HTML where they are meant literally. Source:
open.feishu.cn, "Rich text (Markdown)" of card JSON 1.0.
"""

import re

from app.edges.channels.robots import UNSEEN, RobotDialect, link_to
from app.policies.texts.markup import BOLD, ITALIC, STRIKE, Kind, Line

_SIGNS = re.compile(r"[&<>*_\[\]()#`\\$!~]|^[-+](?=\s)|^(?=\d{1,9}[.)]\s)")
_EDGES = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)


class PlainDialect(RobotDialect):
    """The text of a message that is no card: mentions are all the markup that there is."""

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        return re.sub("<(?=at)", f"<{UNSEEN}", super().literal(text), flags=re.IGNORECASE)


class MarkdownDialect(RobotDialect):
    """Feishu's Markdown."""

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        return _SIGNS.sub(_entity, super().literal(text))

    def styled(self, text: str, style: int, url: str | None) -> str:
        """See ``Dialect.styled``."""
        match = _EDGES.fullmatch(text)
        if match is None or not match[2]:
            return text
        inner = match[2]
        link, _ = link_to(url)
        inner = f"[{inner}]({link})" if link else super().styled(inner, 0, url)
        for one, mark in ((ITALIC, "*"), (STRIKE, "~~"), (BOLD, "**")):
            inner = f"{mark}{inner}{mark}" if style & one else inner
        return f"{match[1]}{inner}{match[3]}"

    def row(self, written: str, line: Line) -> str:
        """See ``Dialect.row``."""
        match line.kind:
            case Kind.HEADING:
                return written if "**" in written or not written else f"**{written}**"
            case Kind.QUOTE:
                return f"&#62; {written}"
            case _:
                return super().row(written, line)


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};" if found[0] else UNSEEN
