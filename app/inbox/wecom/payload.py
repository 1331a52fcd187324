r"""WeCom's verdict on what a robot is sent, and what its clients show of it.

Sources: developer.work.weixin.qq.com, path 91770 (kinds of messages, the subset of Markdown, three
colours, ``<@userid>``, 2,048 and 4,096 bytes) and 90313 (40033 for escapes such as ``\u4e00``);
the words of 40058 by dromara/domain-admin#82. What is not modelled is refused.
"""

import re
from typing import Any

import msgspec

from app.inbox.coded import Refusal, read_object, text_in

MAX_TEXT = 2048
MAX_MARKDOWN = 4096
COLORS = {"info": 0x28A745, "comment": 0x8C8C8C, "warning": 0xFF7F24}
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")
_MENTION = re.compile(r"<@[^<>\s]+>")
_FONT = re.compile(r"<font color=\"(info|comment|warning)\">|</font>")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\((https?://[^\s()]+)\)")
_MARKS = re.compile(r"\*\*|`")
_LINE_MARKS = re.compile(r"^(?:#{1,6} |> ?)", re.MULTILINE)


class Shown(msgspec.Struct, frozen=True):
    """A message as readers see it."""

    text: str  # without markup
    color: int | None = None  # of the first coloured words; 0xRRGGBB or None
    mentions: bool = False  # whether anybody is called

    @property
    def texts(self) -> str:
        """All of it."""
        return self.text


def judge(body: bytes) -> Shown:
    """Return what a body shows.

    Raises:
        Refusal: WeCom would take no such body.
    """
    message = read_object(body)
    if message is None:
        raise Refusal(40008, "invalid message type")
    if _ESCAPE.search(body):
        raise Refusal(40033, "invalid charset. please use UTF-8, not \\uxxxx")
    match message.get("msgtype"):
        case "text":
            content = _needed(message, "text", MAX_TEXT)
            called = any(message["text"].get(f"mentioned_{who}list") for who in ("", "mobile_"))
            return Shown(content, mentions=bool(called or _MENTION.search(content)))
        case "markdown":
            content = _needed(message, "markdown", MAX_MARKDOWN)
            font = _FONT.search(content)
            color = COLORS[font[1]] if font and font[1] else None
            return Shown(seen(content), color, bool(_MENTION.search(content)))
        case _:
            raise Refusal(40008, "invalid message type")


def seen(content: str) -> str:
    """Return Markdown as readers see it."""
    text = _LINE_MARKS.sub("", _FONT.sub("", content))
    return _MARKS.sub("", _LINK.sub(r"\1", text))


def _needed(message: dict[str, Any], kind: str, limit: int) -> str:
    content = text_in(message, kind, "content")
    if content is None or not content.strip():
        raise Refusal(44004, "text content is empty")
    if len(content.encode()) > limit:
        raise Refusal(
            40058,
            f"{kind}.content exceed max length {limit}. invalid Request Parameter, hint:"
            " [1704540159128593240839785], from ip: 203.0.113.76, more info at"
            " https://open.work.weixin.qq.com/devtool/query?e=40058",
        )
    return content
