"""A notification as plain text, for channels that cannot show anything else."""

import re
from collections.abc import Iterable
from html import unescape

from app.policies.texts.pieces import replaced_in
from app.values.notification import ContentType, Notification

SHORTENED = "… [shortened]"
"""The visible mark at the end of a text that was too long."""

MOST_TEXT = 20_000
"""Characters of text that HTML is read for, for channels that take any length."""
MOST_SOURCE = 1_000_000
"""Characters of HTML that are looked at, with what browsers do not show."""
MOST_SEEN = 65_536
"""Characters of HTML that are read, without that."""
MOST_TAGS = 5_000
LONGEST_REFERENCE = 8
"""Characters of HTML for one of text: ``&#x4e00;``."""

_BLOCK = re.compile(
    "address|article|aside|blockquote|br|caption|center|d[dlt]|details|dialog|div|fieldset"
    "|figcaption|figure|footer|form|h[1-6]|header|hr|legend|li|main|menu|nav|ol|p|pre|section"
    "|summary|table|textarea|tr|ul"
)
_UNSEEN = re.compile(r"<(!--|(?:script|style|head|title|template|noscript)\b)", re.IGNORECASE)
_UNSEEN_END = {"!--": re.compile("-->")} | {
    name: re.compile(f"</{name}[^>]*+(?:>|\\Z)", re.IGNORECASE)
    for name in ("script", "style", "head", "title", "template", "noscript")
}
# Possessive throughout: a message of a megabyte of "<" must not hold up everybody else.
_TAG = re.compile(r"""<(/?+)([a-zA-Z][a-zA-Z0-9]*+)((?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+)>""")
_DECLARATION = re.compile(r"<[!?][^<>]*+>")
_VALUE = r"""\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))"""
_HREF = re.compile(rf"(?<![\w-])href{_VALUE}", re.IGNORECASE)
_ALT = re.compile(rf"(?<![\w-])alt{_VALUE}", re.IGNORECASE)
_AS_IT_STANDS = ("pre", "textarea")
_KEPT = str.maketrans({"\n": "\x01", " ": "\x02", "\t": "\x03"})
_RESTORED = str.maketrans({"\x01": "\n", "\x02": " ", "\x03": "\t"})
_KEEPERS = re.compile("[\x01-\x03]")
_SPACES = re.compile(r"[^\S\n]*+\n[^\S\n]*+|[^\S\n]++")
_BLANK_LINES = re.compile(r"\n{3,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def readable(notification: Notification, limit: int = MOST_TEXT) -> str:
    """Return the content as text; HTML is rendered, everything else stays as it is.

    Args:
        limit: Characters of text that HTML is rendered for; see ``html_to_text``.
    """
    if notification.content_type is ContentType.HTML:
        return html_to_text(notification.content, limit)
    return notification.content


def html_to_text(html: str, limit: int = MOST_TEXT) -> str:
    """Return an HTML text as a reader would see it.

    Links keep their address, pictures their text, and preformatted text its lines and spaces. A
    long text is shortened, with a visible mark: what it takes to read it is bounded, whatever it
    is made of.

    Args:
        limit: Characters of text at most, the mark left out of account.
    """
    seen, whole = _visible(html)
    pieces: list[str] = []
    link = ""
    kept = 0
    end = 0
    room = limit
    for number, tag in enumerate(_TAG.finditer(seen)):
        if number == MOST_TAGS or room < 0:
            whole = False
            break
        pieces.append(_text(seen[end : tag.start()], room, kept=kept > 0))
        room -= len(pieces[-1])
        end = tag.end()
        closing, name = tag[1], tag[2].lower()
        if name == "a":
            if closing and link and pieces[-1].strip() != link:
                pieces.append(f" ({link})")
            link = "" if closing else _href(tag[3])
        elif name in {"img", "area"}:
            pieces.append(_text(_attribute(_ALT, tag[3]), room, kept=False))
        elif _BLOCK.fullmatch(name):
            if name in _AS_IT_STANDS:
                kept = max(kept - 1, 0) if closing else kept + 1
                end += not closing and seen.startswith("\n", end)  # no line of its own in HTML
            pieces.append("\n- " if name == "li" and not closing else "\n")
        elif name in {"td", "th"} and closing:
            pieces.append(" ")
    else:
        pieces.append(_text(seen[end:], room, kept=kept > 0))
    lines = _SPACES.sub(lambda gap: "\n" if "\n" in gap[0] else " ", "".join(pieces))
    text = _BLANK_LINES.sub("\n\n", lines).strip().translate(_RESTORED).strip("\n")
    return text if whole and len(text) <= limit else f"{text[:limit]}\n{SHORTENED}".strip()


def shorten(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters; a visible mark shows the cut."""
    return text if len(text) <= limit else text[: limit - len(SHORTENED)] + SHORTENED


def clip(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters for names and lines that are shown."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def one_line(text: str) -> str:
    """Return a text without line breaks, control characters and lone surrogates."""
    return " ".join(without_control(text).split())


def without_control(text: str) -> str:
    """Return a text with nothing in it that steers a terminal or breaks an encoding."""
    return replaced_in(_CONTROL, text.replace("\r\n", "\n"), " ")


def _visible(html: str) -> tuple[str, bool]:
    """Leave out comments and other hidden parts; say whether that is all of the text.

    The rest is long enough for any text that is read, and short enough to be looked through.
    """
    source = html[:MOST_SOURCE]
    whole = len(html) <= MOST_SOURCE
    pieces: list[str] = []
    start, room = 0, MOST_SEEN
    for _ in range(MOST_TAGS):
        opening = _UNSEEN.search(source, start, start + room)
        if opening is None:
            break
        pieces.append(source[start : opening.start()])
        room -= opening.start() - start
        closing = _UNSEEN_END[opening[1].lower()].search(source, opening.end())
        if closing is None:
            return _cleared(pieces), whole
        start = closing.end()
    pieces.append(source[start : start + room])
    return _cleared(pieces), whole and start + room >= len(source)


def _cleared(pieces: Iterable[str]) -> str:
    """Put pieces together without declarations, and without the marks of kept spaces."""
    return _KEEPERS.sub(" ", _DECLARATION.sub("", "".join(pieces)))


def _href(attributes: str) -> str:
    url = unescape(_attribute(_HREF, attributes)).strip()
    return url if url.startswith(("http://", "https://", "mailto:")) else ""


def _attribute(pattern: re.Pattern[str], attributes: str) -> str:
    match = pattern.search(attributes)
    return match[1] or match[2] or match[3] or "" if match else ""


def _text(source: str, room: int, *, kept: bool) -> str:
    """Return text between tags: preformatted, in characters that nothing merges, or not.

    Of one that is far longer than there is room for, the beginning is enough.
    """
    source = source[: max(room, 0) * LONGEST_REFERENCE + 1]
    if kept:
        return unescape(source.replace("\r\n", "\n")).translate(_KEPT)
    return unescape(re.sub(r"\s+", " ", source))
