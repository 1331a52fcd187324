"""A notification as a mail: one body for all recipients, and headers for each mail."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from itertools import chain

import msgspec

from app.edges.channels.email.headers import address_header, text_header
from app.edges.channels.email.html import html_of
from app.edges.channels.email.mime import Part, file_part, multipart, text_part
from app.policies.mail.text import content_of, subject_of, text_of
from app.policies.texts.plain_text import one_line
from app.values.delivery import Mailbox
from app.values.notification import Attachment, Notification

MOST_OF_A_NAME = 80
"""Characters of an attachment's name: it stands on one line, however it is encoded."""

FRAME = 200
"""Characters that are put around an embed, a field or an attachment, roughly."""

_PATH = re.compile(r".*[/\\]", re.DOTALL)


class Body(msgspec.Struct, frozen=True):
    """The body of a mail, the same for all recipients."""

    subject: str  # one line
    part: Part  # the text, its HTML alternative, the attachments


class Headers(msgspec.Struct, frozen=True):
    """The headers of a mail. They name no recipient of a blind copy."""

    sender: Mailbox
    to: Sequence[Mailbox]  # whom it is for; nobody: undisclosed recipients, unless there are copies
    cc: Sequence[Mailbox]
    date: datetime
    message_id: str


def body_of(notification: Notification, boundary: str, *, attached: bool = True) -> Body:
    """Return the body of a mail.

    Args:
        boundary: What no part of a mail contains once it is encoded: with ``=_`` in it.
        attached: Whether attachments go with it; otherwise the text names them.
    """
    files = notification.mail.attachments
    content = content_of(notification)
    subject = subject_of(notification, content)
    missing = "" if attached else _missing(files)
    text = text_of(notification, content, subject)
    parts = [text_part("plain", f"{text}\n\n{missing}" if missing else text)]
    html = html_of(notification, missing)
    if html is not None:
        parts.append(text_part("html", html))
    body = multipart("alternative", parts, f"{boundary}.1") if len(parts) > 1 else parts[0]
    if files and attached:
        body = multipart("mixed", [body, *map(_file, files)], f"{boundary}.2")
    return Body(subject, body)


def compose(headers: Headers, body: Body, *, utf8: bool) -> list[bytes]:
    """Return a mail in pieces of whole lines.

    Args:
        utf8: Whether the server takes UTF-8 in headers (SMTPUTF8). Without it, addresses that
            need it are left out of the headers; the server would refuse the whole mail.
    """
    to, cc = (
        [mailbox for mailbox in mailboxes if utf8 or mailbox.address.isascii()]
        for mailboxes in (headers.to, headers.cc)
    )
    lines = [
        address_header("From", [headers.sender]),
        address_header("To", to) if to else "",
        address_header("Cc", cc) if cc else "",
        "" if to or cc else "To: undisclosed-recipients:;\r\n",
        text_header("Subject", body.subject),
        f"Date: {format_datetime(headers.date)}\r\n",
        f"Message-ID: {headers.message_id}\r\n",
        "Auto-Submitted: auto-generated\r\n",  # RFC 3834: no out-of-office replies, please
        "MIME-Version: 1.0\r\n",
        *body.part.headers,
        "\r\n",
    ]
    return ["".join(lines).encode(), *body.part.pieces]


def weight_of(notification: Notification) -> int:
    """Return roughly how much there is to compose, in characters and bytes."""
    mail = notification.mail
    embeds = notification.embeds
    texts = (
        notification.content,
        notification.title,
        notification.url,
        notification.footer and notification.footer.text,
        notification.author and notification.author.name,
        mail.subject,
        mail.html,
        *(text for embed in embeds for text in (embed.title, embed.description, embed.url)),
        *(embed.footer.text for embed in embeds if embed.footer),
        *(embed.author.name for embed in embeds if embed.author),
    )
    fields = chain(notification.fields, *(embed.fields for embed in embeds))
    return (
        sum(len(text) for text in texts if text)
        + sum(len(each.content) + FRAME for each in mail.attachments)
        + sum(len(field.name) + len(field.value) + FRAME for field in fields)
        + FRAME * len(embeds)
    )


def _file(attachment: Attachment) -> Part:
    kind = attachment.mimetype
    if kind.startswith("text/") and _is_utf8(attachment.content):
        kind += "; charset=utf-8"
    return file_part(kind, _name(attachment), attachment.content)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _name(attachment: Attachment) -> str:
    """Return a file's name without folders, and not so long that its ending is cut off."""
    name = one_line(_PATH.sub("", attachment.filename)) or "attachment"
    if len(name) <= MOST_OF_A_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    ending = dot + ending if stem and len(ending) <= MOST_OF_A_NAME // 2 else ""
    return name[: MOST_OF_A_NAME - len(ending) - 1] + "…" + ending


def _missing(files: Sequence[Attachment]) -> str:
    names = ", ".join(f"{_name(each)} ({len(each.content):,} bytes)" for each in files)
    return f"[not attached, because the mail server takes no mail that large: {names}]"
