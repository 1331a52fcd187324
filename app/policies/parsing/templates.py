"""Message templates, as the parser uses them."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from app.values.note import Note
from app.values.notification import Author, Field, Footer


class RenderedMessage(msgspec.Struct, frozen=True):
    """A rendered template.

    Attributes:
        content: The text, never blank.
        title: One line, or None.
        color: 0xRRGGBB, or None.
        html: The alternative for mail, or None.
        url: Where the title leads, or None.
        author: The line above the title, or None.
        footer: The small line below, or None.
        fields: Labelled values.
        notes: What the context lacks, and what was left out of the template.
    """

    content: str
    title: str | None = None
    color: int | None = None
    html: str | None = None
    url: str | None = None
    author: Author | None = None
    footer: Footer | None = None
    fields: tuple[Field, ...] = ()
    notes: tuple[Note, ...] = ()


class MessageTemplates(Protocol):
    """Message templates by id."""

    def render(self, template_id: str, context: Mapping[str, object]) -> RenderedMessage:
        """Render a template. The context is data: it is never read as a template itself.

        Raises:
            TemplateError: It is unknown or failed on this context.
        """
        ...
