"""A notification as a mail: text, an HTML alternative where there is one, and headers."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from app.policies.plain_text import details, one_line, readable, shorten, without_control
from app.values.notification import ContentType, Notification

MAX_SUBJECT = 255

# Bodies go as base64 or quoted-printable: every server takes seven bits, and any line length.
_ASCII = SMTP.clone(cte_type="7bit")
_UTF8 = _ASCII.clone(utf8=True)


def compose(
    notification: Notification, *, sender: str, message_id: str, date: datetime, utf8: bool
) -> bytes:
    """Return a mail as it goes over the wire. Recipients of blind copies are not in it.

    Args:
        notification: With nothing but usable addresses, as the router leaves it.
        sender: The ``From`` header.
        message_id: With its angle brackets.
        date: When it is sent, with its time zone.
        utf8: Whether the server takes UTF-8 in headers (SMTPUTF8). Without it, addresses that
            need it are left out of the headers; the server would refuse the whole mail.
    """
    mail = EmailMessage(policy=_UTF8 if utf8 else _ASCII)
    mail["From"] = sender
    to = [
        address
        for each in notification.requests
        if each.channel == "email"
        for address in each.addresses
    ]
    for name, addresses in (("To", to), ("Cc", notification.mail.cc)):
        shown = [address for address in addresses if utf8 or address.isascii()]
        if shown:
            mail[name] = ", ".join(shown)
    if "To" not in mail and "Cc" not in mail:
        mail["To"] = "undisclosed-recipients:;"
    mail["Subject"] = subject(notification)
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies, please
    mail.set_content(text_part(notification))
    html = html_part(notification)
    if html is not None:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def subject(notification: Notification) -> str:
    """Return the subject: its own, else the title, else the first line of the text."""
    first_line = readable(notification).strip().partition("\n")[0]
    given = notification.mail.subject or notification.title or first_line
    return shorten(one_line(given), MAX_SUBJECT)


def text_part(notification: Notification) -> str:
    """Return the text part: the content, then fields, link and footer."""
    parts = (readable(notification), details(notification))
    return without_control("\n\n".join(part for part in parts if part))


def html_part(notification: Notification) -> str | None:
    """Return the HTML alternative: the producer's, else content that is HTML, else None."""
    if notification.mail.html is not None:
        return without_control(notification.mail.html)
    if notification.content_type is not ContentType.HTML:
        return None
    said = escape(details(notification)).replace("\n", "<br>")
    return without_control(notification.content + (f"<p>{said}</p>" if said else ""))
