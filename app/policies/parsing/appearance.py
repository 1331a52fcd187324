"""What a notification looks like: colour, fields, footer, author, embeds as producers write them.

The wire structs take what producers really send (numbers as field values, a footer that is a bare
string, null for absent); the functions turn them into the values of ``app.values.notification``.
"""

from collections.abc import Sequence

import msgspec

from app.policies.parsing.colors import read_color
from app.policies.parsing.times import read_time
from app.values.errors import InvalidRecordError
from app.values.notification import Author, Embed, Field, Footer, Image

ColorWire = int | str


class FieldWire(msgspec.Struct, gc=False):
    """A labelled value."""

    name: str
    value: str | int | float | bool
    inline: bool | None = None


class FooterWire(msgspec.Struct, gc=False):
    """A footer as Discord has it."""

    text: str | None = None
    icon_url: str | None = None


class AuthorWire(msgspec.Struct, gc=False):
    """An author as Discord has it."""

    name: str | None = None
    url: str | None = None
    icon_url: str | None = None


class ImageWire(msgspec.Struct, gc=False):
    """A picture as Discord has it."""

    url: str | None = None


class EmbedWire(msgspec.Struct):
    """An embed as Discord has it."""

    title: str | None = None
    description: str | None = None
    url: str | None = None
    timestamp: str | None = None
    color: ColorWire | None = None
    footer: str | FooterWire | None = None
    image: ImageWire | None = None
    thumbnail: ImageWire | None = None
    author: str | AuthorWire | None = None
    fields: list[FieldWire] | None = None


def make_color(wire: ColorWire | None, field: str) -> int | None:
    """Return 0xRRGGBB or None.

    Raises:
        InvalidRecordError: It is no colour.
    """
    if wire is None:
        return None
    try:
        return read_color(wire)
    except ValueError as error:
        raise InvalidRecordError(str(error), field) from None


def make_fields(wires: Sequence[FieldWire]) -> tuple[Field, ...]:
    """Return fields whose values are text."""
    return tuple(Field(wire.name, _text(wire.value), wire.inline or False) for wire in wires)


def make_footer(wire: str | FooterWire | None) -> Footer | None:
    """Return the footer, or None where it says nothing."""
    if isinstance(wire, str):
        wire = FooterWire(wire)
    return Footer(wire.text, wire.icon_url or None) if wire and wire.text else None


def make_author(wire: str | AuthorWire | None) -> Author | None:
    """Return the author, or None where there is no name."""
    if isinstance(wire, str):
        wire = AuthorWire(wire)
    if not wire or not wire.name:
        return None
    return Author(wire.name, wire.url or None, wire.icon_url or None)


def make_embed(wire: EmbedWire, field: str) -> Embed:
    """Return an embed.

    Raises:
        InvalidRecordError: Its colour or timestamp is wrong.
    """
    if wire.timestamp:
        read_time(wire.timestamp, f"{field}.timestamp")
    return Embed(
        title=wire.title or None,
        description=wire.description or None,
        url=wire.url or None,
        timestamp=wire.timestamp or None,
        color=make_color(wire.color, f"{field}.color"),
        footer=make_footer(wire.footer),
        image=_image(wire.image),
        thumbnail=_image(wire.thumbnail),
        author=make_author(wire.author),
        fields=make_fields(wire.fields or ()),
    )


def _image(wire: ImageWire | None) -> Image | None:
    return Image(wire.url) if wire and wire.url else None


def _text(value: str | float | bool) -> str:
    """Write a value as JSON does, strings without their quotes."""
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
