"""A notification as plain text, for channels that cannot show anything else."""

import re
from html import unescape

from app.values.notification import ContentType, Notification

SHORTENED = "… [shortened]"
"""The visible mark at the end of a text that was too long."""

_BLOCK = re.compile(
    "address|article|aside|blockquote|br|caption|center|d[dlt]|details|dialog|div|fieldset"
    "|figcaption|figure|footer|form|h[1-6]|header|hr|legend|li|main|menu|nav|ol|p|pre|section"
    "|summary|table|textarea|tr|ul"
)
_UNSEEN = ("script", "style", "head", "title", "template", "noscript")
# Possessive throughout: a message of a megabyte of "<" must not hold up everybody else.
_TAG = re.compile(r"""<(/?+)([a-zA-Z][a-zA-Z0-9]*+)((?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+)>""")
_DECLARATION = re.compile(r"<[!?][^<>]*+>")
_VALUE = r"""\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))"""
_HREF = re.compile(rf"(?<![\w-])href{_VALUE}", re.IGNORECASE)
_ALT = re.compile(rf"(?<![\w-])alt{_VALUE}", re.IGNORECASE)
_AS_IT_STANDS = ("pre", "textarea")
_KEPT = str.maketrans({"\n": "\x01", " ": "\x02", "\t": "\x03"})
_RESTORED = str.maketrans({"\x01": "\n", "\x02": " ", "\x03": "\t"})
_KEEPERS = str.maketrans({"\x01": " ", "\x02": " ", "\x03": " "})
_SPACES = re.compile(r"[^\S\n]*+\n[^\S\n]*+|[^\S\n]++")
_BLANK_LINES = re.compile(r"\n{3,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def readable(notification: Notification) -> str:
    """Return the content as text; HTML is rendered, everything else stays as it is."""
    if notification.content_type is ContentType.HTML:
        return html_to_text(notification.content)
    return notification.content


def details(notification: Notification) -> str:
    """Return fields, link and footer, one to a line."""
    lines = [f"{field.name}: {field.value}" for field in notification.fields]
    lines += [notification.url] if notification.url else []
    lines += [notification.footer.text] if notification.footer else []
    return "\n".join(lines)


def html_to_text(html: str) -> str:
    """Return what a reader would see of an HTML text, in time linear to its length.

    Links keep their address, pictures their text, and preformatted text its lines and spaces.
    """
    seen = _DECLARATION.sub("", _without_unseen(html.translate(_KEEPERS)))
    pieces: list[str] = []
    link = ""
    kept = 0
    end = 0
    for tag in _TAG.finditer(seen):
        pieces.append(_text(seen[end : tag.start()], kept=kept > 0))
        end = tag.end()
        closing, name = tag[1], tag[2].lower()
        if name == "a":
            if closing and link and pieces[-1].strip() != link:
                pieces.append(f" ({link})")
            link = "" if closing else _href(tag[3])
        elif name in {"img", "area"}:
            pieces.append(_text(_attribute(_ALT, tag[3]), kept=False))
        elif _BLOCK.fullmatch(name):
            if name in _AS_IT_STANDS:
                kept = max(kept - 1, 0) if closing else kept + 1
                end += not closing and seen.startswith("\n", end)  # no line of its own in HTML
            pieces.append("\n- " if name == "li" and not closing else "\n")
        elif name in {"td", "th"} and closing:
            pieces.append(" ")
    pieces.append(_text(seen[end:], kept=kept > 0))
    lines = _SPACES.sub(lambda gap: "\n" if "\n" in gap[0] else " ", "".join(pieces))
    return _BLANK_LINES.sub("\n\n", lines).strip().translate(_RESTORED).strip("\n")


def shorten(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters; a visible mark shows what was cut."""
    return text if len(text) <= limit else text[: limit - len(SHORTENED)] + SHORTENED


def one_line(text: str) -> str:
    """Return a text without line breaks, control characters and lone surrogates."""
    return " ".join(without_control(text).split())


def without_control(text: str) -> str:
    """Return a text with nothing in it that steers a terminal or breaks an encoding."""
    return _CONTROL.sub(" ", text.replace("\r\n", "\n"))


def _without_unseen(html: str) -> str:
    """Leave out comments and what browsers do not show."""
    lower = html.lower() if len(html.lower()) == len(html) else html
    pieces = []
    start = 0
    for opening in re.finditer(r"<(?:!--|(?:" + "|".join(_UNSEEN) + r")\b)", lower):
        if opening.start() < start:
            continue
        pieces.append(html[start : opening.start()])
        name = opening[0][1:]
        end_mark = "-->" if name == "!--" else f"</{name}"
        end = lower.find(end_mark, opening.end())
        if end < 0:
            return "".join(pieces)
        start = lower.find(">", end) + 1 or len(html)
    return "".join([*pieces, html[start:]])


def _href(attributes: str) -> str:
    url = unescape(_attribute(_HREF, attributes)).strip()
    return url if url.startswith(("http://", "https://", "mailto:")) else ""


def _attribute(pattern: re.Pattern[str], attributes: str) -> str:
    match = pattern.search(attributes)
    return match[1] or match[2] or match[3] or "" if match else ""


def _text(source: str, *, kept: bool) -> str:
    """Return text between tags: preformatted, in characters that nothing merges, or not."""
    if kept:
        return unescape(source.replace("\r\n", "\n")).translate(_KEPT)
    return unescape(re.sub(r"\s+", " ", source))
