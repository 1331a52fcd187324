"""Feishu's verdict on what a robot is sent, and what its clients show of it.

Sources: open.feishu.cn, "Custom bot usage guide" (kinds of messages, 20 KB, codes 9499 and 19002,
where keywords are looked for); "Card JSON 1.0 structure" with its components ("Plain text", "Rich
text", "Button", "Divider", "Note"): headings, quotations and tables are Markdown of 2.0 alone;
code 11246 with its ErrCode as users report it. What is not modelled is refused.
"""

import html
import re
from typing import Any

import msgspec

from app.inbox.coded import Refusal, read_object, text_in

MAX_BODY = 20_000
"""Bytes; "20 KB" is read strictly."""
TEMPLATES = {
    "blue": 0x3370FF,
    "wathet": 0x14C0FF,
    "turquoise": 0x00D6B9,
    "green": 0x34C724,
    "yellow": 0xFFC60A,
    "orange": 0xFF8800,
    "red": 0xF54A45,
    "carmine": 0xF01D94,
    "violet": 0x9F6FF1,
    "purple": 0x7F3BF5,
    "indigo": 0x4954E6,
    "grey": 0x8F959E,
}
_CARD = ("config", "header", "elements")
_MENTION = re.compile(r"<at[\s>]", re.IGNORECASE)
_MARKS = re.compile(r"\*\*|~~|\*|`")
_LINK = re.compile(r"\[([^\[\]]*)\]\((https?://[^\s()]+|mailto:[^\s()]+)\)")
_TAG = re.compile(r"</?(?:font|at|b|i|u|s)\b[^<>]*>", re.IGNORECASE)


class Shown(msgspec.Struct, frozen=True):
    """A message as readers see it."""

    title: str = ""  # the header's
    color: int | None = None  # of the header; 0xRRGGBB or None
    blocks: tuple[str, ...] = ()  # the elements' texts, in order
    fields: tuple[str, ...] = ()  # texts that stand beside each other
    notes: tuple[str, ...] = ()  # small lines
    lines: tuple[str, ...] = ()  # all of these, in the order of the card
    links: tuple[str, ...] = ()  # where buttons lead
    mentions: bool = False  # whether anybody is called

    @property
    def texts(self) -> str:
        """All of it, as a robot's keywords are looked for."""
        return "\n".join((self.title, *self.lines))


def judge(body: bytes) -> Shown:
    """Return what a body shows.

    Raises:
        Refusal: Feishu would take no such body.
    """
    message = read_object(body)
    if message is None or len(body) > MAX_BODY:
        raise Refusal(9499, "Bad Request")
    match message.get("msg_type"):
        case "text":
            return _text(message)
        case "interactive":
            return _card(message.get("card"))
        case _:
            raise Refusal(19002, "params error, msg_type need")


def _text(message: dict[str, Any]) -> Shown:
    text = text_in(message, "content", "text")
    if not text:
        raise Refusal(19002, "params error, text need")
    return Shown(blocks=(text,), lines=(text,), mentions=bool(_MENTION.search(text)))


def _card(card: Any) -> Shown:
    if not isinstance(card, dict) or set(card) - set(_CARD):
        raise _broken(200621, "parse card json err")
    header, elements = card.get("header"), card.get("elements")
    if not isinstance(elements, list) or not elements:
        raise _broken(200621, "elements is empty")
    reader = _Reader()
    for element in elements:
        reader.element(element)
    title, template = "", None
    if header is not None:
        title = reader.text(header.get("title"), "plain_text") if isinstance(header, dict) else ""
        template = header.get("template", "blue") if isinstance(header, dict) else None
        if template not in TEMPLATES:
            raise _broken(200621, "unknown template")
    return Shown(
        title=title,
        color=None if template is None else TEMPLATES[template],
        blocks=tuple(reader.blocks),
        fields=tuple(reader.fields),
        notes=tuple(reader.notes),
        lines=tuple(reader.lines),
        links=tuple(reader.links),
        mentions=reader.mentions,
    )


class _Reader:
    """Reads the elements of a card."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.fields: list[str] = []
        self.links: list[str] = []
        self.notes: list[str] = []
        self.lines: list[str] = []
        self.mentions = False

    def element(self, element: Any) -> None:
        """Read one element."""
        match element.get("tag") if isinstance(element, dict) else None:
            case "hr":
                pass
            case "markdown":
                self._show(self.blocks, self._markdown(element.get("content")))
            case "div":
                self._div(element)
            case "note":
                for each in self._list(element.get("elements")):
                    self._show(self.notes, self.text(each, "plain_text", "lark_md"))
            case "action":
                for button in self._list(element.get("actions")):
                    self._button(button)
            case _:
                raise _broken(200410, "component not allowed")

    def _div(self, element: dict[str, Any]) -> None:
        if "text" in element:
            self._show(self.blocks, self.text(element["text"], "plain_text", "lark_md"))
        for field in self._list(element.get("fields", [])):
            if not isinstance(field.get("is_short"), bool):
                raise _broken(200621, "is_short need")
            self._show(self.fields, self.text(field.get("text"), "plain_text", "lark_md"))
        if "text" not in element and not element.get("fields"):
            raise _broken(200621, "div without text")

    def _button(self, button: dict[str, Any]) -> None:
        url = button.get("url")
        if button.get("tag") != "button" or not isinstance(url, str):
            raise _broken(200621, "button need url")
        if not url.startswith(("http://", "https://")):
            raise _broken(200621, "url invalid")
        self.text(button.get("text"), "plain_text")
        self.links.append(url)

    def _show(self, among: list[str], text: str) -> None:
        among.append(text)
        self.lines.append(text)

    def _list(self, value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise _broken(200621, "list expected")
        return value

    def text(self, element: Any, *tags: str) -> str:
        """Read a text element; ``plain_text`` is shown as it stands."""
        content = text_in({"text": element}, "text", "content")
        tag = text_in({"text": element}, "text", "tag")
        if tag not in tags or not content or not content.strip():
            raise _broken(200621, "text need content")
        return content if tag == "plain_text" else self._markdown(content)

    def _markdown(self, content: Any) -> str:
        if not isinstance(content, str) or not content.strip():
            raise _broken(200621, "markdown need content")
        self.mentions = self.mentions or bool(_MENTION.search(content))
        text = _TAG.sub("", _LINK.sub(r"\1", content))
        return html.unescape(_MARKS.sub("", text))


def _broken(code: int, words: str) -> Refusal:
    return Refusal(
        11246, f"Failed to create card content, ext=ErrCode: {code}; ErrMsg: {words}; ErrorValue: ;"
    )
