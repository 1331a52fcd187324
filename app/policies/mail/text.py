"""A notification as the text part of a mail."""

from collections.abc import Iterable

from app.policies.texts.plain_text import one_line, readable, shorten, without_control
from app.values.notification import Author, Embed, Field, Notification

MAX_SUBJECT = 255


def subject_of(notification: Notification, text: str) -> str:
    """Return the subject: its own, else the title, else the first line of the text.

    Args:
        text: Its content, from ``content_of``.
    """
    given = notification.mail.subject or notification.title or text.strip().partition("\n")[0]
    return shorten(one_line(given[: 4 * MAX_SUBJECT]), MAX_SUBJECT)


def content_of(notification: Notification) -> str:
    """Return the content as text."""
    return readable(notification)


def text_of(notification: Notification, text: str, subject: str) -> str:
    """Return the text part: the HTML part's content, a blank line between its blocks.

    Args:
        text: Its content, from ``content_of``.
        subject: The mail's; a title that says the same is not repeated.
    """
    title = one_line(notification.title or "")
    blocks = [
        _author(notification.author),
        "" if title == subject else title,
        text,
        _fields(notification.fields),
        notification.url or "",
        notification.footer.text if notification.footer else "",
        *map(_embed, notification.embeds),
    ]
    return without_control("\n\n".join(block for block in blocks if block))


def _embed(embed: Embed) -> str:
    lines = (
        _author(embed.author),
        embed.title or "",
        embed.url or "",
        embed.description or "",
        _fields(embed.fields),
        *(image.url for image in (embed.image, embed.thumbnail) if image),
        embed.footer.text if embed.footer else "",
    )
    return "\n".join(line for line in lines if line)


def _author(author: Author | None) -> str:
    if author is None:
        return ""
    return f"{author.name} ({author.url})" if author.url else author.name


def _fields(fields: Iterable[Field]) -> str:
    return "\n".join(f"{field.name}: {field.value}" for field in fields)
