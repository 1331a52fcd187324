"""Reads Telegram's HTML as its server does, and refuses what it refuses, in its words.

Sources: tdlib/td, td/telegram/MessageEntity.cpp, ``parse_html``, ``decode_html_entity`` and
``match_mentions``; td/telegram/misc.cpp, ``clean_input_string`` and ``strip_empty_characters``. Not
modelled: pictures for emoji and times, which nobody sends from here.
"""

import re
from typing import NamedTuple

from app.inbox.texts import is_shown

MOST_ENTITIES = 100
"""Pieces of markup that are kept of a message (``MAX_USER_ENTITY_COUNT``)."""

_TAGS = frozenset(
    {"a", "b", "strong", "i", "em", "s", "strike", "del", "u", "ins", "tg-spoiler"}
    | {"span", "pre", "code", "blockquote"}
)
_SILENT = ("code", "pre", "a")
"""What is marked so is nothing else: no name in it is found."""
_REFERENCES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot)(?![a-zA-Z])|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));?")
_START = re.compile(
    r"<([^\s>/][^\s>]*)((?:\s+[^\s=>/\"']+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'))?)*)\s*>"
)
_END = re.compile(r"</([^\s>]*)\s*>")
_MENTION = re.compile(r"(?<!\w)@([a-zA-Z0-9_]{2,32})(?!\w)")
_REMOVED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_SPACES = re.compile("[\x00-\x09\x0b-\x1f]")


class Refused(Exception):  # noqa: N818 - it is no error of this service
    """Telegram takes no such text; its words."""


class Shown(NamedTuple):
    """A text as people see it."""

    text: str
    mentions: tuple[str, ...]  # names in it that call somebody


def read_html(source: str) -> Shown:
    """Return what a text in Telegram's HTML shows.

    Raises:
        Refused: It is no such HTML.
    """
    pieces: list[str] = []
    open_tags: list[tuple[str, int]] = []
    entities: list[tuple[int, int, str]] = []
    length = position = 0
    while position < len(source):
        if source[position] != "<":
            end = source.find("<", position)
            end = len(source) if end < 0 else end
            text = _REFERENCE.sub(_character, source[position:end])
            pieces.append(text)
            length += len(text)
            position = end
        elif source.startswith("</", position):
            position = _close(source, position, open_tags, entities, length)
        else:
            position = _open(source, position, open_tags, length)
    if open_tags:
        raise Refused(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    entities.sort()
    silent = [each for each in entities[:MOST_ENTITIES] if each[2] in _SILENT]
    return _shown("".join(pieces), silent)


def read_text(source: str) -> Shown:
    """Return what a text without markup shows."""
    return _shown(source, [])


def _shown(text: str, silent: list[tuple[int, int, str]]) -> Shown:
    mentions = tuple(
        match[1]
        for match in _MENTION.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end, _ in silent)
    )
    clean = _SPACES.sub(" ", _REMOVED.sub("", text)).strip(" \n")
    if not any(map(is_shown, clean)):
        raise Refused("message text is empty")
    return Shown(clean, mentions)


def _open(source: str, position: int, open_tags: list[tuple[str, int]], length: int) -> int:
    offset = len(source[:position].encode())
    match = _START.match(source, position)
    if match is None:
        raise Refused(f"Unclosed start tag at byte offset {offset}")
    name = match[1].lower()
    if name not in _TAGS:
        raise Refused(f'Unsupported start tag "{name}" at byte offset {offset}')
    if name == "span" and 'class="tg-spoiler"' not in match[2]:
        raise Refused(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
    open_tags.append((name, length))
    return match.end()


def _close(
    source: str,
    position: int,
    open_tags: list[tuple[str, int]],
    entities: list[tuple[int, int, str]],
    length: int,
) -> int:
    offset = len(source[:position].encode())
    match = _END.match(source, position)
    if not open_tags:
        raise Refused(f"Unexpected end tag at byte offset {offset}")
    name, start = open_tags.pop()
    if match is None or match[1].lower() not in ("", name):
        found = match[1] if match else ""
        raise Refused(
            f'Unmatched end tag at byte offset {offset}, expected "</{name}>", found "</{found}>"'
        )
    if start < length:
        entities.append((start, length, name))
    return match.end()


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return _REFERENCES[match[1]]
    code = int(match[2]) if match[2] else int(match[3], 16)
    return chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code < 0xE000 else match[0]
