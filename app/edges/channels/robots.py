"""What the group robots of Feishu, DingTalk and WeCom share."""

from urllib.parse import urlsplit

from msgspec.structs import replace

from app.edges.channels.chat import Rendered
from app.edges.channels.texts import Page, TextForm
from app.policies.texts.dialects import Dialect
from app.policies.texts.markup import Kind
from app.policies.texts.plain_text import clip, one_line, without_control
from app.policies.texts.tones import Tone
from app.policies.texts.units import json_length
from app.values.notification import Footer, Notification, Priority

MOST_TITLE = 100
"""Characters of a title that stands apart from the text: what is longer stands in it, too."""
UNSEEN = "\u200b"
"""A space without width: keeps signs apart that would be markup together, and changes no text."""
_MOST_ID = 64


def identified(notification: Notification) -> Notification:
    """Return a notification with its id in the footer.

    These services do not recognise repeats. If an answer is lost and a message is sent twice,
    readers see the same id.
    """
    if not notification.message_id:
        return notification
    name = clip(one_line(notification.message_id), _MOST_ID)
    footer = notification.footer or Footer("")
    text = f"{footer.text} · {name}" if footer.text else name
    return replace(notification, footer=replace(footer, text=text))


def tone_for(tone: Tone | None, priority: Priority) -> Tone | None:
    """Return the tone of a message: its own, or that of its priority."""
    if tone is not None:
        return tone
    return {Priority.URGENT: Tone.RED, Priority.HIGH: Tone.ORANGE}.get(priority)


def below_title(title: str, text: str) -> str:
    """Return a plain text with its title as the first line."""
    return f"{title}\n{text}" if title else text


def with_keyword(text: str, title: str, keyword: str | None) -> str:
    """Return a text with the robot's keyword, if that was cut off with the end of it."""
    if keyword is None or keyword in text or keyword in title:
        return text
    return f"{text}\n\n{keyword}"


def link_to(url: str | None) -> tuple[str, str]:
    """Return a URL as it can stand in parentheses, and its host; both empty if it is none.

    Args:
        url: Of any form.
    """
    scheme, _, rest = (url or "").partition("://")
    try:
        host = urlsplit(url or "").hostname or ""
    except ValueError:
        host = ""
    if scheme.lower() not in ("http", "https") or not host:
        return "", ""
    return f"{scheme.lower()}://{rest.replace('(', '%28').replace(')', '%29')}", host


class RobotDialect(Dialect):
    """Plain text, as it stands, but for characters that JSON has to write as escapes."""

    line_break = 2

    def literal(self, text: str) -> str:
        """See ``Dialect.literal``."""
        return without_control(text)

    def length(self, written: str) -> int:
        """Return bytes of JSON."""
        return json_length(written)

    def measure(self, kind: Kind, row: str) -> int:
        """See ``Dialect.measure``; here blocks are nothing but their lines."""
        del kind
        return self.length(row) + self.line_break


class RobotForm(TextForm):
    """The form of a text that shows its id."""

    def _write(
        self, notification: Notification, dialect: Dialect, *, plain: bool
    ) -> Rendered[Page]:
        return super()._write(identified(notification), dialect, plain=plain)
