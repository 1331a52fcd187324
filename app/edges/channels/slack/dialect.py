"""Slack's dialects: ``mrkdwn``, and plain text, which shows its characters as they are.

In both ``&``, ``<`` and ``>`` are entities, and nothing else is escaped (docs.slack.dev,
"Formatting message text"); with that no text calls anybody. Slack's signs only count at the edges
of words, and Chinese has no spaces: a character of no width makes an edge.
"""

import re
from collections.abc import Sequence

from app.policies.texts.dialects import Dialect
from app.policies.texts.markup import BOLD, ITALIC, STRIKE, Kind, Line
from app.policies.texts.units import utf16_length

EDGE = "\u200b"
_SIGNS = ((BOLD, "*"), (ITALIC, "_"), (STRIKE, "~"))
_OPENING = re.compile(r"(?<!\w)([*_~`])(?=\S)")
_CLOSING = re.compile(r"(?<=\S)([*_~`])(?!\w)")


def escape(text: str) -> str:
    """Return a text whose characters are shown, and call nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class SlackPlain(Dialect):
    """Plain text: in its own kind of element there is no other markup."""

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        return escape(text)

    def row(self, written: str, line: Line) -> str:
        """See ``Dialect.row``."""
        return f"&gt; {written}" if line.kind is Kind.QUOTE else super().row(written, line)

    def length(self, written: str) -> int:
        """See ``Dialect.length``."""
        return utf16_length(written)


class Mrkdwn(SlackPlain):
    """Slack's markup. A sign that is meant literally is kept from having an effect."""

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        return _CLOSING.sub(rf"{EDGE}\1", _OPENING.sub(rf"\1{EDGE}", escape(text)))

    def code(self, text: str) -> str:
        """See ``Dialect.code``."""
        quoted = escape(text).replace("`", "'")
        return f"{EDGE}`{quoted}`{EDGE}"

    def styled(self, text: str, style: int, url: str | None) -> str:
        """See ``Dialect.styled``."""
        if url is not None:
            text = f"<{escape(url)}|{text.replace('|', '¦')}>"
        inner = text.strip()
        if not style or not inner:
            return text
        before, after = text.split(inner, 1)
        for bit, sign in _SIGNS:
            if style & bit:
                inner = f"{sign}{inner}{sign}"
        return f"{before}{EDGE}{inner}{EDGE}{after}"

    def verbatim(self, text: str, kind: Kind) -> str:
        """See ``Dialect.verbatim``."""
        del kind
        return escape(text).replace("```", "'''")

    def row(self, written: str, line: Line) -> str:
        """See ``Dialect.row``."""
        if line.kind is Kind.HEADING:
            return f"*{written}*" if written and "*" not in written else written
        return f"> {written}" if line.kind is Kind.QUOTE else super().row(written, line)

    def block(self, kind: Kind, rows: Sequence[str]) -> str:
        """See ``Dialect.block``."""
        text = "\n".join(rows)
        return text if kind is Kind.QUOTE else f"```\n{text}\n```"
