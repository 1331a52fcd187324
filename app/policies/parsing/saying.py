"""The content of a notification, or what replaces it if the producer left it out."""

import msgspec
from msgspec.structs import replace

from app.policies.parsing.extras import Extras
from app.policies.parsing.reading import Reading
from app.policies.parsing.templates import RenderedMessage
from app.policies.texts.notes import Notes
from app.values.errors import InvalidRecordError
from app.values.notification import ContentType, Embed


class Said(msgspec.Struct, frozen=True, gc=False):
    """The content, the same for all recipients.

    Attributes:
        content: Never blank.
        extras: From ``kwargs``.
    """

    content: str
    title: str | None
    content_type: ContentType
    extras: Extras


def say(
    content: str | None,
    title: str | None,
    content_type: ContentType,
    extras: Extras,
    template_id: str | None,
    reading: Reading,
) -> Said:
    """Return the content of a message.

    If it has none, it is taken from the template that it names, its first embed, or its HTML.

    Args:
        content: As in the message.
        title: As in the message.
        content_type: As in the message; ``kwargs.html`` takes precedence.
        extras: From ``kwargs``.
        template_id: Of the template that the message names, or None.
        reading: The context of the record.

    Raises:
        InvalidRecordError: There is no content.
        TemplateError: The template is unknown or failed.
    """
    if content is not None and content and not content.isspace():
        if extras.is_html is not None:
            content_type = _known_better(content_type, is_html=extras.is_html)
        return Said(content, title, content_type, extras)
    if template_id:
        message = reading.render_from_kwargs(template_id)
        return dress(message, title, extras, reading.notes)
    for index, embed in enumerate(extras.embeds):
        if text := _text_of(embed):
            others = extras.embeds[:index] + extras.embeds[index + 1 :]
            return _promoted(embed, text, title, extras, others)
    if extras.mail.html and not extras.mail.html.isspace():
        mail = replace(extras.mail, html=None)
        return Said(extras.mail.html, title, ContentType.HTML, replace(extras, mail=mail))
    raise InvalidRecordError("is missing" if content is None else "must not be empty", "content")


def dress(message: RenderedMessage, title: str | None, extras: Extras, notes: Notes) -> Said:
    """Return what a template made; what the message itself has is added, or takes precedence."""
    for note in message.notes:
        notes.add(note.field, note.problem)
    mail = extras.mail
    if mail.html is None and message.html is not None:
        mail = replace(mail, html=message.html)
    dressed = replace(
        extras,
        color=message.color if extras.color is None else extras.color,
        fields=message.fields + extras.fields,
        footer=extras.footer or message.footer,
        author=extras.author or message.author,
        url=extras.url or message.url,
        mail=mail,
    )
    return Said(message.content, title or message.title, ContentType.TEXT, dressed)


def _known_better(content_type: ContentType, *, is_html: bool) -> ContentType:
    if is_html:
        return ContentType.HTML
    return ContentType.TEXT if content_type is ContentType.HTML else content_type


def _text_of(embed: Embed) -> str:
    """Return an embed as text, without its title if there is more."""
    for text in (embed.description, embed.title):
        if text and not text.isspace():
            return text
    return "\n".join(f"{field.name}: {field.value}" for field in embed.fields)


def _promoted(
    embed: Embed, text: str, title: str | None, extras: Extras, others: tuple[Embed, ...]
) -> Said:
    """Turn an embed into the notification itself; its pictures stay in an embed."""
    if embed.image or embed.thumbnail:
        others = (Embed(image=embed.image, thumbnail=embed.thumbnail), *others)
    listed = not embed.description and not embed.title
    headed = embed.title if embed.description else None
    promoted = replace(
        extras,
        color=embed.color if extras.color is None else extras.color,
        fields=(() if listed else embed.fields) + extras.fields,
        footer=extras.footer or embed.footer,
        author=extras.author or embed.author,
        url=extras.url or embed.url,
        embeds=others,
    )
    return Said(text, title or headed, ContentType.MARKDOWN, promoted)
