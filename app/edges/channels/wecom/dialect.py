"""WeCom's Markdown: bold, links, code in a line, quotations, headings, and no way to escape.

Source: developer.work.weixin.qq.com, path 91770. What would be markup is kept from being so by a
space without width between its signs, so that every character of a text stays.
"""

import re

from app.edges.channels.robots import UNSEEN, RobotDialect, link_to
from app.policies.texts.markup import BOLD, Kind, Line

_SIGNS = re.compile(r"\*(?=\*)|<(?=[@/a-zA-Z])|(?<=\])(?=\()|(?<=\*)(?=\*)")
_AT_START = re.compile(r"[ \t]*(?:>|#{1,6}[ \t])")
_EDGES = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)
_TICK = "ˋ"
"""Looks like a backtick; nothing keeps two real ones apart."""


class PlainDialect(RobotDialect):
    """WeCom's plain text, in which only mentions are markup. Counted in bytes."""

    line_break = 1

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        return super().literal(text).replace("<@", f"<{UNSEEN}@")

    def length(self, written: str) -> int:
        """Return bytes of UTF-8."""
        return len(written.encode())


class MarkdownDialect(PlainDialect):
    """WeCom's Markdown."""

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        plain = super().literal(text).replace("`", _TICK)
        return _SIGNS.sub(lambda found: f"{found[0]}{UNSEEN}", plain)

    def styled(self, text: str, style: int, url: str | None) -> str:
        """See ``Dialect.styled``."""
        before, inner, after = _edges(text)
        if not inner:
            return text
        if link := link_to(url)[0]:
            inner = f"[{inner.replace('[', '［').replace(']', '］')}]({link})"
        else:
            inner = super().styled(inner, 0, url)
        return f"{before}**{inner}**{after}" if style & BOLD else f"{before}{inner}{after}"

    def code(self, text: str) -> str:
        """See ``Dialect.code``."""
        plain = super().literal(text)
        return f"`{plain.replace('`', _TICK)}`" if plain.strip() else plain

    def row(self, written: str, line: Line) -> str:
        """See ``Dialect.row``."""
        if line.kind is Kind.HEADING:
            return f"{'#' * max(line.level, 3)} {written}"
        return super().row(written, line)

    def write_row(self, line: Line) -> str:
        """See ``Dialect.write_row``."""
        written = super().write_row(line)
        return _at_start(written) if line.kind is Kind.TEXT else written

    def verbatim(self, text: str, kind: Kind) -> str:
        """See ``Dialect.verbatim``."""
        del kind
        return _at_start(self.literal(text))


def _at_start(written: str) -> str:
    """Keep a line from being a heading or a quotation."""
    return UNSEEN + written if _AT_START.match(written) else written


def _edges(text: str) -> tuple[str, str, str]:
    """Return white space, text, and white space: markup does not begin or end with any."""
    match = _EDGES.fullmatch(text)
    return (match[1], match[2], match[3]) if match else ("", text, "")
