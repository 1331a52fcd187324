"""DingTalk's Markdown: no way to escape is documented, and a lone line break is none.

Source: open.dingtalk.com, "Custom robots": headings, quotations, bold, italics, links, lists. What
would be markup is kept from being so by a space without width between its signs; signs that mark
by themselves are replaced with their full-width twins, where they would.
"""

import re
from collections.abc import Iterable

from app.edges.channels.robots import UNSEEN, RobotDialect, link_to
from app.policies.texts.markup import BOLD, ITALIC, Kind, Line

_APART = re.compile(
    r"<(?=[a-zA-Z/!?])|&(?=#?[a-zA-Z0-9]{1,31};)|\\(?=[!-/:-@\[-`{-~])|(?<=\])(?=\()|~(?=~)|(?<=~)(?=~)"
)
_TWINS = str.maketrans({"*": "＊", "_": "＿", "`": "｀"})
_MARKING = re.compile(r"(?<!\s)\*|\*(?!\s)|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|`")
_AT_START = re.compile(
    r"[ \t]*(?:>|#{1,6}(?:[ \t]|$)|[-+*](?:[ \t]|$)|[0-9]{1,9}[.)][ \t]|[-=*_]{3,}|\|)"
)
_INDENT = re.compile(r"^[ \t]+")
_EDGES = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)
BREAK = "  \n"
"""Two spaces make a line break one."""


class MarkdownDialect(RobotDialect):
    """DingTalk's Markdown."""

    line_break = 4

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        apart = _APART.sub(lambda found: f"{found[0]}{UNSEEN}", super().literal(text))
        return _MARKING.sub(lambda found: found[0].translate(_TWINS), apart)

    def styled(self, text: str, style: int, url: str | None) -> str:
        """See ``Dialect.styled``."""
        match = _EDGES.fullmatch(text)
        if match is None or not match[2]:
            return text
        inner = match[2]
        if link := link_to(url)[0]:
            inner = f"[{inner.replace('[', '［').replace(']', '］')}]({link})"
        else:
            inner = super().styled(inner, 0, url)
        mark = ("**" if style & BOLD else "") + ("*" if style & ITALIC else "")
        return f"{match[1]}{mark}{inner}{mark[::-1]}{match[3]}"

    def row(self, written: str, line: Line) -> str:
        """See ``Dialect.row``."""
        match line.kind:
            case Kind.HEADING:
                return f"{'#' * min(max(line.level + 2, 4), 6)} {written}"
            case Kind.ITEM:
                mark = "-" if line.mark in "-*+" else line.mark
                return f"{'    ' * line.level}{mark} {written}"
            case _:
                return super().row(written, line)

    def verbatim(self, text: str, kind: Kind) -> str:
        """See ``Dialect.verbatim``."""
        del kind
        return _at_start(self.literal(text))

    def write_row(self, line: Line) -> str:
        """See ``Dialect.write_row``."""
        written = super().write_row(line)
        return _at_start(written) if line.kind is Kind.TEXT else written

    def join(self, rows: Iterable[tuple[Kind, str]]) -> str:
        """See ``Dialect.join``."""
        return super().join(rows).replace("\n", BREAK)


def _at_start(written: str) -> str:
    """Keep a line from being a heading, a list or code, and its indent from being dropped."""
    if _AT_START.match(written):
        written = UNSEEN + written
    return _INDENT.sub(lambda found: "\u00a0" * len(found[0].expandtabs(4)), written)
