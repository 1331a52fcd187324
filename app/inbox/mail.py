"""A mail as a card: decoded headers, text part, HTML part."""

import email
from collections.abc import Sequence
from email.headerregistry import HeaderRegistry
from email.message import Message
from email.policy import Compat32

from app.values.inbox import InboxCard


class _RawHeaders(Compat32):
    """Headers as text: encoded words are left alone, stray bytes are read as UTF-8."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Return a header's value, unfolded."""
        del name
        text = value.encode(errors="surrogateescape").decode(errors="replace")
        return " ".join(text.splitlines())


def read_mail(source: bytes, sender: str, recipients: Sequence[str]) -> InboxCard:
    """Return the card of a mail.

    Args:
        source: The mail as it was sent, headers and body.
        sender: The envelope's sender, for a mail that names none.
    """
    message: Message[str, str] = email.message_from_bytes(source, policy=_RawHeaders())
    subject, author = message["Subject"], message["From"]
    return InboxCard(
        id=0,
        kind="email",
        time="",
        title=None if subject is None else _decoded(subject),
        text=_part(message, "text/plain") or "",
        sender=_decoded(author or sender),
        recipients=tuple(map(_clean, recipients)),
        html=_part(message, "text/html"),
        raw=source.decode(errors="replace"),
    )


def _decoded(header: str) -> str:
    """Decode ``=?utf-8?…?=`` words, of any header: the free form of a subject takes every text."""
    try:
        return _clean(str(HeaderRegistry()("subject", header)))
    except ValueError:  # words that decode to what is no text
        return _clean(header)


def _clean(text: str) -> str:
    """Replace lone surrogates, which neither JSON nor a page can carry."""
    return text.encode(errors="replace").decode()


def _part(message: "Message[str, str]", content_type: str) -> str | None:
    for part in message.walk():
        if part.get_content_type() == content_type and part.get_filename() is None:
            payload = part.get_payload(decode=True)
            return _text(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""
    return None


def _text(payload: bytes, charset: str | None) -> str:
    try:
        text = payload.decode(charset or "utf-8", errors="replace")
    except (LookupError, ValueError):  # a charset that nobody knows
        text = payload.decode(errors="replace")
    return _clean(text).replace("\r\n", "\n").rstrip("\n")
