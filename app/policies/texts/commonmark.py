"""CommonMark, and what chat services make of it."""

import re
from collections.abc import Iterable, Sequence

from app.policies.texts.dialects import Dialect
from app.policies.texts.markup import BOLD, ITALIC, STRIKE, Kind, Line

_URL = re.compile(r"https?://[^\s<>\"]+")
_LINE_START = re.compile(r"(\s{0,3})(?:(?:-+|[+*]|#{1,6}|=+|[0-9]{1,9}[.)])(?=\s|$)|>)")
_SPACES = re.compile(r" {2,}|\t+")
_LEADING = re.compile(r"[ \t]+")
_MENTION = re.compile(r"(?<![A-Za-z0-9_])@")
_EMOJI = re.compile(r":(?=[A-Za-z0-9_+-]+:)")
_ENTITY = re.compile(r"&(?=[#A-Za-z])")
_TICKS = re.compile(r"`+")
UNSEEN = "\u200b"
"""A space of no width: nobody sees it, and what it stands in is no sign any more."""


def uncalled(text: str) -> str:
    """Return a text in which no name calls anybody, where a service has no other way to say so."""
    return _MENTION.sub(f"@{UNSEEN}", text) if "@" in text else text


def _unbreaking(spaces: re.Match[str]) -> str:
    """Return spaces that are neither merged nor code."""
    return "\u00a0" * len(spaces[0])


class CommonMark(Dialect):
    """Markdown in which a text's characters are shown as they are.

    Args:
        escaped: Characters that a backslash takes the meaning from. Others keep theirs.
        breaks: Stands at the end of a line that another follows: empty if a line break is one.
        calls: Names after an ``@`` call people, and words between colons become pictures.
        bold: Stands around what is bold.
        strike: Stands around what is struck out.
    """

    def __init__(
        self,
        escaped: str = "\\`*_{}[]()<>~|&!",
        *,
        breaks: str = "",
        calls: bool = False,
        bold: str = "**",
        strike: str = "~~",
    ) -> None:
        self._escaped = re.compile(f"[{re.escape(escaped)}]")
        self._odd = re.compile(rf"[\\&@:\]\t{re.escape(escaped)}]|  ")
        self._entities = "&" not in escaped
        self._links = "[" not in escaped
        self._backslashes = "\\" not in escaped
        self._breaks = breaks
        self._calls = calls
        self._signs = ((BOLD, bold), (ITALIC, "_"), (STRIKE, strike))

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        if self._odd.search(text) is None:  # as most texts
            return text
        pieces: list[str] = []
        end = 0
        for url in _URL.finditer(text) if "://" in text else ():
            pieces.append(self._escape(text[end : url.start()]))
            end = url.end()
            pieces.append(self._url(url[0], text[end : end + 1]))
        pieces.append(self._escape(text[end:]))
        return "".join(pieces)

    def _url(self, url: str, following: str) -> str:
        """Return a URL as it stands, unless an escape would become a part of it, or a call is."""
        if following in ("<", ">") or (self._calls and "@" in url):
            return self._escape(url.replace("://", f"{UNSEEN}://"))
        return url

    def _escape(self, text: str) -> str:
        if self._backslashes and "\\" in text:
            text = text.replace("\\", f"\\{UNSEEN}")
        text = self._escaped.sub(r"\\\g<0>", text)
        if self._links and "](" in text:
            text = text.replace("](", f"]{UNSEEN}(")
        if self._entities and "&" in text:
            text = _ENTITY.sub(f"&{UNSEEN}", text)
        if self._calls:
            text = uncalled(text)
            text = _EMOJI.sub(f":{UNSEEN}", text) if ":" in text else text
        return _SPACES.sub(_unbreaking, text)

    def code(self, text: str) -> str:
        """See ``Dialect.code``."""
        longest = max((len(run) for run in _TICKS.findall(text)), default=0)
        if not longest:
            return f"`{text}`"
        ticks = "`" * (longest + 1)
        return f"{ticks} {text} {ticks}"

    def styled(self, text: str, style: int, url: str | None) -> str:
        """See ``Dialect.styled``."""
        inner = text.strip(" \u00a0")
        if not inner:
            return text
        before, after = text.split(inner, 1)
        if url is not None:
            target = url.replace("(", "%28").replace(")", "%29")
            inner = target if text == url and target == url else f"[{inner}]({target})"
        for bit, sign in self._signs:
            if style & bit:
                inner = f"{sign}{inner}{sign}"
        return f"{before}{inner}{after}"

    def verbatim(self, text: str, kind: Kind) -> str:
        """See ``Dialect.verbatim``."""
        return text.replace("```", f"`{UNSEEN}``") if kind is Kind.CODE else text

    def write_row(self, line: Line) -> str:
        """See ``Dialect.write_row``: what looks like a list or a heading is none."""
        written = super().write_row(line)
        if line.kind is not Kind.TEXT:
            return written
        written = _LEADING.sub(_unbreaking, written, count=1) if written[:1] in " \t" else written
        start = _LINE_START.match(written)
        if start is None:
            return written
        at = start.end(1)
        return f"{written[:at]}{UNSEEN}{written[at:]}"

    def row(self, written: str, line: Line) -> str:
        """See ``Dialect.row``."""
        match line.kind:
            case Kind.HEADING:
                return f"{'#' * line.level} {written}"
            case Kind.ITEM:
                return f"{'  ' * line.level}{line.mark} {written}"
            case Kind.RULE:
                return "***"
            case _:
                return super().row(written, line)

    def block(self, kind: Kind, rows: Sequence[str]) -> str:
        """See ``Dialect.block``."""
        text = "\n".join(rows)
        return f"```\n{text}\n```" if kind is Kind.CODE else f"\n{text}\n"

    def join(self, rows: Iterable[tuple[Kind, str]]) -> str:
        """See ``Dialect.join``."""
        if not self._breaks:
            return super().join(rows)
        ended = [
            (kind, f"{row}{self._breaks}" if kind is Kind.TEXT and row else row)
            for kind, row in rows
        ]
        return super().join(ended).removesuffix(self._breaks)

    def measure(self, kind: Kind, row: str) -> int:
        """See ``Dialect.measure``."""
        return super().measure(kind, row) + len(self._breaks)
