"""DingTalk's verdict on what a robot is sent, and what its clients show of it.

Sources: open.dingtalk.com, "Custom robots" (kinds of messages, the subset of Markdown, mentions
only by the ``at`` object); 20,000 bytes by the words of code 460101
(feiyu563/PrometheusAlert#318). A lone line break is none; two spaces before it, or an empty line,
make it one. What is not modelled is refused.
"""

import re
from typing import Any

import msgspec

from app.inbox.coded import Refusal, read_object, text_in

MAX_BODY = 20_000
_SOFT_BREAK = re.compile(r"(?<! {2})(?<!\n)\n(?!\n|[ \t]*(?:[-*+]|[0-9]+\.|>|#{1,6}) )")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!>~|<])")
_LINK = re.compile(r"(?<!\\)!?\[((?:\\.|[^\[\]\\])*)\]\(([^\s()]+)\)")
_MARKS = re.compile(r"(?<!\\)(?:\*(?=\S)|(?<=\S)\*|(?<!\w)_(?=\S)|(?<=\S)_(?!\w)|~~|`)")
_LINE_MARKS = re.compile(r"^[ \t]*(?:#{1,6} |> ?|[-*+] )", re.MULTILINE)


class Shown(msgspec.Struct, frozen=True):
    """A message as readers see it."""

    title: str  # in the list of chats, and on the locked phone
    text: str  # in the chat, without markup
    mentions: bool = False  # whether anybody is called

    @property
    def texts(self) -> str:
        """All of it, as a robot's keywords are looked for."""
        return f"{self.title}\n{self.text}"


def judge(body: bytes) -> Shown:
    """Return what a body shows.

    Raises:
        Refusal: DingTalk would take no such body.
    """
    if len(body) > MAX_BODY:
        said = "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;"
        raise Refusal(460101, said)
    message = read_object(body)
    if message is None:
        raise Refusal(40035, "缺少参数 json")
    mentions = _mentions(message.get("at", {}))
    match message.get("msgtype"):
        case "text":
            text = _needed(message, "text", "content")
            return Shown(text, text, mentions)
        case "markdown":
            title, text = (
                _needed(message, "markdown", "title"),
                _needed(message, "markdown", "text"),
            )
            return Shown(title, seen(text), mentions)
        case _:
            raise Refusal(400105, "description:不支持的消息类型;")


def seen(text: str) -> str:
    """Return Markdown as readers see it."""
    lines = _SOFT_BREAK.sub(" ", text)
    bare = _MARKS.sub("", _LINE_MARKS.sub("", _LINK.sub(r"\1", lines)))
    return "\n".join(line.strip() for line in _ESCAPED.sub(r"\1", bare).split("\n"))


def _needed(message: dict[str, Any], *path: str) -> str:
    text = text_in(message, *path)
    if text is None or not text.strip():
        raise Refusal(400401, f"miss param : {'->'.join(path)}")
    return text


def _mentions(at: Any) -> bool:
    if not isinstance(at, dict):
        raise Refusal(400402, "param error : at")
    return bool(at.get("isAtAll") or at.get("atMobiles") or at.get("atUserIds"))
