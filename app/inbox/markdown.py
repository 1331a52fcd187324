"""What Markdown shows, as far as notifications use it: for stand-ins of services that take it.

Read as CommonMark has it (spec.commonmark.org, 0.31), and strictly: a sign that no backslash takes
the meaning from is a sign, wherever it stands, and so is left out; HTML is left out; a line that
begins like a list, a heading or a quotation is one. What somebody wrote as a text and is shown
whole after this is shown whole by the services.
"""

import re
from html import unescape
from typing import NamedTuple

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`]*")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+|$)")
_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r"[ \t]*(?:[-+*]|[0-9]{1,9}[.)])(?=[ \t]|$)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_UNDERLINE = re.compile(r" {0,3}=+[ \t]*")  # of a heading; without a line above it a text
_MENTION = re.compile(r"(?<![A-Za-z0-9_])@([A-Za-z0-9_][A-Za-z0-9_.-]*)")
_EMOJI = re.compile(r":[A-Za-z0-9_+-]+:")
_LINK = r"!?\[(?P<label>(?:[^\[\]\\]|\\.)*)\]\((?P<url>[^()\s]*)\)"
_ALL = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


class Shown(NamedTuple):
    """A text as people see it, and whom it calls."""

    text: str
    mentions: tuple[str, ...]


class MarkdownReader:
    """Reads one service's Markdown.

    Args:
        escapable: Characters that a backslash takes the meaning from.
        emoji: Words between colons are pictures.
        html: Tags are left out and references read; where not, they are text.
    """

    def __init__(self, escapable: str = _ALL, *, emoji: bool = False, html: bool = True) -> None:
        tags = r"|(?P<tag></?[A-Za-z][^<>]*>|<!--)" if html else ""
        self._inline = re.compile(
            rf"\\(?P<escaped>[{re.escape(escapable)}])|(?P<ticks>`+)|{_LINK}"
            rf"|(?P<bare>https?://[^\s<>]+){tags}|(?P<sign>\*+|_+|~~)",
            re.DOTALL,
        )
        self._emoji = emoji
        self._html = html

    def read(self, source: str) -> Shown:
        """Return what a text shows."""
        lines: list[str] = []
        fence = ""
        for line in source.split("\n"):
            bare = line.strip()
            if fence:
                if len(bare) >= len(fence) and not bare.strip(fence[0]):
                    fence = ""
                else:
                    lines.append(line)
            elif (opening := _FENCE.fullmatch(line)) is not None:
                fence = opening[1]
            else:
                is_underline = _UNDERLINE.fullmatch(line) and lines and lines[-1].strip()
                lines.append("" if is_underline else self._line(line))
        text = "\n".join(lines).replace("\u00a0", " ")
        return Shown(text, tuple(_MENTION.findall(text)))

    def _line(self, line: str) -> str:
        if line.startswith(("    ", "\t")) and not _ITEM.match(line):
            return line.strip()
        if _RULE.fullmatch(line):
            return ""
        while (quote := _QUOTE.match(line)) is not None:
            line = line[quote.end() :]
        if (heading := _HEADING.match(line)) is not None:
            line = line[heading.end() :]
        if (item := _ITEM.match(line)) is not None:
            line = f"•{line[item.end() :]}"
        return self._text(line.rstrip(" "))

    def _text(self, source: str) -> str:
        pieces: list[str] = []
        position = 0
        while (match := self._inline.search(source, position)) is not None:
            pieces.append(self._characters(source[position : match.start()]))
            position = match.end()
            if match["escaped"]:
                pieces.append(match["escaped"])
            elif match["ticks"]:
                end = source.find(match["ticks"], position)
                if end < 0:
                    continue
                pieces.append(source[position:end])
                position = end + len(match["ticks"])
            elif match["label"] is not None:
                pieces.append(self._text(match["label"]))
            elif match["bare"]:
                pieces.append(match["bare"])
        pieces.append(self._characters(source[position:]))
        return "".join(pieces)

    def _characters(self, text: str) -> str:
        text = unescape(text) if "&" in text else text
        return _EMOJI.sub("□", text) if self._emoji else text
