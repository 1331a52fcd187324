"""A notification as the HTML part of a mail: cards that every mail client can show.

Tables and inline styles, because mail clients support little else; no background, so that dark
ones keep theirs; links and pictures only from the web.
"""

import re
from collections.abc import Iterator
from html import escape

from app.policies.texts.plain_text import one_line, without_control
from app.values.notification import Author, ContentType, Embed, Field, Footer, Image, Notification

_GREY = 0xB0B4BA
_WEB = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_PAGE = (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>\n'
    "<body style=\"font-family:-apple-system,'Segoe UI',Roboto,'PingFang SC',"
    "'Microsoft YaHei',Arial,sans-serif;font-size:15px;line-height:1.5\">\n{}</body></html>\n"
)


def html_of(notification: Notification, remark: str = "") -> str | None:
    """Return the HTML part; None if the text part says everything.

    HTML of the producer's comes as it is, what decorates it after it.

    Args:
        remark: The service's own, at the end.
    """
    end = _small(_text(remark)) if remark else ""
    own = notification.mail.html
    if own is None and notification.content_type is ContentType.HTML:
        own = notification.content
    if own is not None:
        return without_control(_joined(own, _cards(notification, "") + end))
    if not _is_decorated(notification):
        return None
    return without_control(_PAGE.format(_cards(notification, notification.content) + end))


def _is_decorated(notification: Notification) -> bool:
    told = notification
    return (
        bool(told.fields or told.embeds or told.url or told.footer or told.author)
        or told.color is not None
    )


def _joined(page: str, decoration: str) -> str:
    """Put the decoration at the end of a page's body, if it has one."""
    ends = list(_BODY_END.finditer(page))
    at = ends[-1].start() if ends else len(page)
    return f"{page[:at]}{decoration}{page[at:]}"


def _cards(notification: Notification, content: str) -> str:
    own = Embed(
        title=notification.title if content else None,
        description=content or None,
        url=notification.url,
        color=notification.color,
        footer=notification.footer,
        author=notification.author,
        fields=notification.fields,
    )
    return "".join(_card(embed) for embed in (own, *notification.embeds))


def _card(embed: Embed) -> str:
    inside = "".join(_inside(embed))
    if not inside:
        return ""
    color = _GREY if embed.color is None else embed.color
    style = f"border-left:4px solid #{color:06x};padding:2px 0 2px 12px;margin:0 0 16px"
    return f'<div style="{style}">\n{inside}</div>\n'


def _inside(embed: Embed) -> Iterator[str]:
    if embed.author is not None:
        yield _small(_author(embed.author))
    if embed.title:
        title = _link(embed.url, one_line(embed.title))
        yield f'<p style="margin:0 0 8px;font-size:17px"><strong>{title}</strong></p>\n'
    if embed.description:
        yield f'<div style="margin:0 0 8px">{_text(embed.description)}</div>\n'
    if embed.url and not embed.title:
        yield f'<p style="margin:0 0 8px">{_link(embed.url, embed.url)}</p>\n'
    if embed.fields:
        yield _fields(embed.fields)
    for image in (embed.image, embed.thumbnail):
        yield _picture(image)
    if embed.footer is not None:
        yield _footer(embed.footer)


def _author(author: Author) -> str:
    return _link(author.url, one_line(author.name))


def _fields(fields: tuple[Field, ...]) -> str:
    rows = "".join(
        '<tr><td style="padding:2px 16px 2px 0;vertical-align:top">'
        f"<strong>{_text(field.name)}</strong></td>"
        f'<td style="padding:2px 0;vertical-align:top">{_text(field.value)}</td></tr>\n'
        for field in fields
    )
    return f'<table style="border-collapse:collapse;margin:0 0 8px">\n{rows}</table>\n'


def _picture(image: Image | None) -> str:
    if image is None or not _WEB.fullmatch(image.url):
        return ""
    source = escape(image.url)
    return f'<p style="margin:0 0 8px"><img src="{source}" alt="" style="max-width:100%"></p>\n'


def _footer(footer: Footer) -> str:
    return _small(_text(footer.text))


def _small(html: str) -> str:
    return f'<p style="margin:0 0 4px;font-size:13px;color:#808080">{html}</p>\n'


def _link(url: str | None, text: str) -> str:
    if url is None or not _WEB.fullmatch(url):
        return escape(text)
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _text(text: str) -> str:
    """Return text as HTML that shows it line by line, with its runs of spaces."""
    return escape(text).replace("  ", "&nbsp; ").replace("\r\n", "\n").replace("\n", "<br>\n")
