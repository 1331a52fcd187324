"""Reads Markdown: CommonMark as people write it in chats, in time that grows with its length alone.

A line break is one, as in every chat; HTML is text. Left out are headings that are underlined,
links by reference, and blocks within blocks.
"""

import re
from collections.abc import Iterator

import msgspec

from app.policies.texts.markup import BOLD, CODE, ITALIC, STRIKE, Kind, Line, Lines, Span

# Possessive throughout: no line is looked at twice.
_FENCE = re.compile(r" {0,3}(`{3,}+|~{3,}+)([^`]*+)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]++(.*+))?")
_CLOSING = re.compile(r"(?:^|[ \t])#+$")
_RULE = re.compile(r" {0,3}(?:(?:-[ \t]*+){3,}+|(?:\*[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)")
_QUOTE = re.compile(r" {0,3}> ?(.*+)")
_ITEM = re.compile(r"([ \t]{0,20}+)([-*+]|[0-9]{1,9}[.)])[ \t]++(.*+)")
_TASK = re.compile(r"\[([ xX])\][ \t]++(.*+)")
_ROW_OF_DASHES = re.compile(r"[ \t]*+\|?+(?:[ \t]*+:?+-++:?+[ \t]*+\|?+)++")
_INLINE = re.compile(
    r"""
    \\(?P<escaped>[!-/:-@\[-`{-~])
    | (?P<ticks>`++)
    | !?\[(?P<label>[^\[\]\n]{0,500}+)\]\([ ]*+<?+(?P<url>[^\s()<>]{1,2048}+)>?+
        (?:[ ]++"[^"\n]{0,500}+")?+[ ]*+\)
    | <(?P<auto>(?:https?://|mailto:)[^\s<>]{1,2048}+)>
    | (?P<bare>https?://[^\s<>"`*]{1,2048}+)
    | (?P<run>\*++|_++|~++)
    """,
    re.VERBOSE,
)
_TRAILING = "_~"
_SCHEMES = ("http://", "https://", "mailto:")
_BOXES = {" ": "☐ ", "x": "☑ ", "X": "☑ "}
_TAB = 4
MOST_MARKS = 500
"""Pieces of markup that are read in a text; what follows them is shown as it was written."""


def read_markdown(text: str) -> Lines:
    """Return the lines of a Markdown text."""
    return tuple(_lines(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), _Marks()))


class _Marks:
    """Counts the pieces of markup of a text."""

    left = MOST_MARKS


def _lines(source: list[str], marks: _Marks) -> Iterator[Line]:
    fence = ""
    table = False
    for number, each in enumerate(source):
        if fence:
            if _closes(each, fence):
                fence = ""
            else:
                yield _verbatim(each, Kind.CODE)
            continue
        opening = _FENCE.fullmatch(each)
        if opening is not None:
            fence = opening[1]
            continue
        following = source[number + 1] if number + 1 < len(source) else ""
        table = "|" in each and (table or _is_row_of_dashes(following))
        yield _verbatim(each, Kind.TABLE) if table else _line(each, marks)


def _verbatim(text: str, kind: Kind) -> Line:
    return Line((Span(text),) if text else (), kind)


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and not bare.strip(fence[0])


def _is_row_of_dashes(line: str) -> bool:
    return "|" in line and _ROW_OF_DASHES.fullmatch(line) is not None


def _line(source: str, marks: _Marks) -> Line:
    if (heading := _HEADING.fullmatch(source)) is not None:
        text = _CLOSING.sub("", (heading[2] or "").rstrip())
        return Line(_inline(text.rstrip(), marks), Kind.HEADING, len(heading[1]))
    if _RULE.fullmatch(source):
        return Line((), Kind.RULE)
    if (quote := _QUOTE.fullmatch(source)) is not None:
        return Line(_inline(quote[1], marks), Kind.QUOTE)
    if (item := _ITEM.fullmatch(source)) is not None:
        level = len(item[1].expandtabs(_TAB)) // 2
        mark, text = item[2], item[3]
        task = _TASK.fullmatch(text)
        box = _BOXES[task[1]] if task else ""
        spans = _inline(task[2] if task else text, marks)
        return Line((Span(box), *spans) if box else spans, Kind.ITEM, level, mark)
    return Line(_inline(source, marks))


class _Run(msgspec.Struct):
    """A run of delimiters, and what it turned out to be.

    Attributes:
        char: ``*``, ``_`` or ``~``.
        left: How many of them are text so far.
        opens, closes: The styles that begin and end here.
    """

    char: str
    left: int
    can_open: bool
    can_close: bool
    opens: int = 0
    closes: int = 0


_Token = Span | _Run


def _inline(text: str, marks: _Marks, url: str | None = None) -> tuple[Span, ...]:
    """Read what stands in a line."""
    if not text:
        return ()
    tokens = list(_tokens(text, marks, url))
    _pair([token for token in tokens if isinstance(token, _Run)])
    return tuple(_spans(tokens, url))


def _tokens(text: str, marks: _Marks, url: str | None) -> Iterator[_Token]:
    end = 0
    unclosed: set[str] = set()
    position = 0
    while marks.left and (match := _INLINE.search(text, position)) is not None:
        marks.left -= 1
        position = match.end()
        token: list[_Token]
        if match["ticks"]:
            closing = _code_end(text, match.end(), match["ticks"], unclosed)
            if closing < 0:
                continue
            token = [Span(_code(text[match.end() : closing]), CODE, url)]
            position = closing + len(match["ticks"])
        elif match["run"]:
            token = [_run(text, match)]
        elif match["escaped"]:
            token = [Span(match["escaped"], url=url)]
        elif match["bare"]:
            bare = match["bare"].rstrip(_TRAILING)
            position = match.start() + len(bare)
            token = [Span(bare, url=url)]
        elif url is not None:  # no link stands in another
            continue
        else:
            token = list(_link(match, marks))
        if end < match.start():
            yield Span(text[end : match.start()], url=url)
        yield from token
        end = position
    if end < len(text):
        yield Span(text[end:], url=url)


def _code_end(text: str, start: int, ticks: str, unclosed: set[str]) -> int:
    """Return where as many backticks stand again; -1 if nowhere."""
    if ticks in unclosed:
        return -1
    for run in re.compile(r"`++").finditer(text, start):
        if run[0] == ticks:
            return run.start()
    unclosed.add(ticks)
    return -1


def _code(text: str) -> str:
    padded = len(text) > 2 and text[0] == text[-1] == " " and bool(text.strip())
    return text[1:-1] if padded else text


def _link(match: re.Match[str], marks: _Marks) -> Iterator[Span]:
    target = match["auto"] or match["url"]
    if not target.lower().startswith(_SCHEMES):
        yield Span(match[0])
        return
    label = match["label"]
    yield from _inline(label, marks, target) if label else (Span(target, url=target),)


def _run(text: str, match: re.Match[str]) -> _Run:
    before = text[match.start() - 1] if match.start() else " "
    after = text[match.end()] if match.end() < len(text) else " "
    char, length = match["run"][0], len(match["run"])
    can_open, can_close = not after.isspace(), not before.isspace()
    if char == "_":  # within a word it is a letter
        can_open, can_close = (
            can_open and not before.isalnum(),
            can_close and not after.isalnum(),
        )
    elif char == "~" and length > 2:
        can_open = can_close = False
    return _Run(char, length, can_open, can_close)


def _pair(runs: list[_Run]) -> None:
    """Find for each run that can end something the last one that has begun it."""
    open_runs: list[_Run] = []
    open_by_char = dict.fromkeys("*_~", 0)
    for run in runs:
        while run.can_close and run.left and open_by_char[run.char]:
            opener = open_runs[-1]
            if opener.char != run.char:
                open_runs.pop()
                open_by_char[opener.char] -= 1
                continue
            both = min(opener.left, run.left, 2)
            style = STRIKE if run.char == "~" else (ITALIC, BOLD)[both - 1]
            opener.opens |= style
            run.closes |= style
            opener.left -= both
            run.left -= both
            if not opener.left:
                open_runs.pop()
                open_by_char[opener.char] -= 1
        if run.can_open and run.left:
            open_runs.append(run)
            open_by_char[run.char] += 1


def _spans(tokens: list[_Token], url: str | None) -> Iterator[Span]:
    """Yield spans; what looks alike is one."""
    style = 0
    pieces: list[str] = []
    look: tuple[int, str | None] = (0, url)
    for token in tokens:
        if isinstance(token, Span):
            text, looks = token.text, (token.style | style, token.url)
        else:
            style &= ~token.closes
            text, looks = token.char * token.left, (style, url)
            style |= token.opens
        if not text:
            continue
        if looks != look:
            if pieces:
                yield Span("".join(pieces), *look)
            pieces, look = [], looks
        pieces.append(text)
    if pieces:
        yield Span("".join(pieces), *look)
