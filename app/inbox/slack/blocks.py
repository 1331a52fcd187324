"""Checks blocks as Slack does."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from app.inbox.texts import is_shown, utf16_units

MAX_BLOCKS = 50
MAX_TEXT = 3000
MAX_HEADER = 150
MAX_FIELDS = 10
MAX_FIELD = 2000
MAX_ELEMENTS = 10
MAX_ALL = 13_000
"""Of all texts; messages above 13,200 characters were refused (msg_blocks_too_long)."""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text object."""

    type: Literal["plain_text", "mrkdwn"]
    text: str
    emoji: bool | None = None
    verbatim: bool | None = None


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A block of one of the kinds that are modelled."""

    type: Literal["section", "header", "context", "divider"]
    text: Text | None = None
    fields: tuple[Text, ...] = ()
    elements: tuple[Text, ...] = ()


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An attachment with blocks."""

    blocks: tuple[Block, ...]
    fallback: str = ""
    color: str | None = None


def check(attachments: Sequence[Attachment]) -> str:
    """Say what is wrong with the blocks of a message; empty if nothing is."""
    blocks = [block for each in attachments for block in each.blocks]
    if len(blocks) > MAX_BLOCKS:
        return "too many blocks"
    if not all(each.blocks for each in attachments):
        return "no blocks"
    if not all(map(_is_color, attachments)):
        return "no colour"
    if sum(utf16_units(text.text) for block in blocks for text in texts_of(block)) > MAX_ALL:
        return "too long"
    return next(filter(None, map(_check, blocks)), "")


def texts_of(block: Block) -> Iterator[Text]:
    """Yield the texts of a block."""
    if block.text is not None:
        yield block.text
    yield from block.fields
    yield from block.elements


def _is_color(attachment: Attachment) -> bool:
    color = attachment.color
    if color is None:
        return True
    return (
        len(color) == 7
        and color[0] == "#"
        and all(each in "0123456789abcdef" for each in color[1:])
    )


def _check(block: Block) -> str:
    for text in texts_of(block):
        if not any(map(is_shown, text.text)):
            return "empty text"
        if text.type == "mrkdwn" and text.emoji is not None:
            return "emoji is for plain text"
    match block.type:
        case "divider":
            return "a divider holds nothing" if any(texts_of(block)) else ""
        case "header":
            return _check_header(block)
        case "context":
            return _check_context(block)
        case "section":
            return _check_section(block)


def _check_header(block: Block) -> str:
    text = block.text
    if text is None or text.type != "plain_text" or block.fields or block.elements:
        return "a header is plain text"
    return "header too long" if utf16_units(text.text) > MAX_HEADER else ""


def _check_context(block: Block) -> str:
    if not 0 < len(block.elements) <= MAX_ELEMENTS or block.text or block.fields:
        return "a context has one to ten elements"
    too_long = any(utf16_units(each.text) > MAX_TEXT for each in block.elements)
    return "element too long" if too_long else ""


def _check_section(block: Block) -> str:
    if (block.text is None and not block.fields) or block.elements:
        return "a section has a text or fields"
    if block.text is not None and utf16_units(block.text.text) > MAX_TEXT:
        return "text too long"
    if len(block.fields) > MAX_FIELDS:
        return "too many fields"
    return (
        "field too long" if any(utf16_units(each.text) > MAX_FIELD for each in block.fields) else ""
    )
