"""The looks of a notification: colour, fields, footer, author, embeds as producers write them.

The wire structs take what producers really send (numbers as field values, a footer that is a bare
string, null for absent); the functions turn them into the values of ``app.values.notification``.
No fault in it costs a notification: what cannot be used is left out with a note.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from app.policies.parsing.colors import read_color
from app.policies.parsing.fitting import name_of, text_of
from app.policies.parsing.times import read_time
from app.policies.texts.notes import Notes, quoted
from app.values.notification import Author, Embed, Field, Footer, Image

MOST_FIELDS = 250
"""Fields that are read at most: as many as Discord shows in ten embeds."""
MOST_EMBEDS = 100


class FieldWire(msgspec.Struct, gc=False):
    """A labelled value."""

    name: Any = None
    value: Any = None
    inline: Any = None


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


class EmbedWire(msgspec.Struct, gc=False):
    """An embed as Discord has it."""

    title: str | None = None
    description: str | None = None
    url: str | None = None
    timestamp: Any = None
    color: Any = None
    footer: str | FooterWire | None = None
    image: str | ImageWire | None = None
    thumbnail: str | ImageWire | None = None
    author: str | AuthorWire | None = None
    fields: list[FieldWire] | None = None


def make_color(wire: object, field: str, notes: Notes) -> int | None:
    """Return 0xRRGGBB or None."""
    if wire is None or wire == "":
        return None
    try:
        return read_color(wire)
    except ValueError:
        expected = "a colour from 0 to 16777215 or #RRGGBB"
        notes.left_out(field, f"expected {expected}, got {quoted(wire)}")
        return None


def make_fields(wires: Sequence[FieldWire], path: str, notes: Notes) -> tuple[Field, ...]:
    """Return fields whose names and values are text, without empty ones."""
    fields = []
    for index, wire in enumerate(wires[:MOST_FIELDS]):
        name, value, inline = wire.name, wire.value, wire.inline or False
        if not (name and type(name) is type(value) is str and type(inline) is bool):
            place = f"{path}[{index}]"
            if name in (None, "") and value in (None, ""):
                notes.left_out(place, "it has neither name nor value")
                continue
            name = _text(name, place, "name", notes)
            value = _text(value, place, "value", notes)
            inline = _inline(inline, place, notes)
        fields.append(Field(name, value, inline))
    if len(wires) > MOST_FIELDS:
        notes.add(path, f"{len(wires):,} fields; those beyond {MOST_FIELDS} are left out")
    return tuple(fields)


def make_footer(wire: str | FooterWire | None) -> Footer | None:
    """Return the footer, or None if it is empty."""
    if isinstance(wire, str):
        wire = FooterWire(wire)
    return Footer(wire.text, wire.icon_url or None) if wire and wire.text else None


def make_author(wire: str | AuthorWire | None) -> Author | None:
    """Return the author, or None if there is no name."""
    if isinstance(wire, str):
        wire = AuthorWire(wire)
    if not wire or not wire.name:
        return None
    return Author(wire.name, wire.url or None, wire.icon_url or None)


def make_embeds(
    one: EmbedWire | None, several: Sequence[EmbedWire] | None, notes: Notes
) -> tuple[Embed, ...]:
    """Return the producer's embeds without empty ones, for which Discord would refuse the rest."""
    if one is None and not several:
        return ()
    embeds = [] if one is None else [_embed(one, "kwargs.embed", notes)]
    several = several or ()
    for index, wire in enumerate(several[:MOST_EMBEDS]):
        embeds.append(_embed(wire, f"kwargs.embeds[{index}]", notes))
    if len(several) > MOST_EMBEDS:
        notes.add(
            "kwargs.embeds", f"{len(several):,} embeds; those beyond {MOST_EMBEDS} are left out"
        )
    return tuple(embed for embed in embeds if embed != Embed())


def _embed(wire: EmbedWire, path: str, notes: Notes) -> Embed:
    moment = read_time(wire.timestamp, f"{path}.timestamp", notes)
    return Embed(
        title=wire.title or None,
        description=wire.description or None,
        url=wire.url or None,
        timestamp=wire.timestamp if moment is not None else None,
        color=make_color(wire.color, f"{path}.color", notes),
        footer=make_footer(wire.footer),
        image=_image(wire.image),
        thumbnail=_image(wire.thumbnail),
        author=make_author(wire.author),
        fields=make_fields(wire.fields or (), f"{path}.fields", notes),
    )


def _image(wire: str | ImageWire | None) -> Image | None:
    url = wire.url if isinstance(wire, ImageWire) else wire
    return Image(url) if url else None


def _text(value: object, path: str, member: str, notes: Notes) -> str:
    """Write a field's name or value as text; what is neither text nor number is noted."""
    if isinstance(value, str):
        return value
    if value is None:
        notes.add(f"{path}.{member}", "is null; left empty")
        return ""
    if isinstance(value, list | dict):
        notes.add(f"{path}.{member}", f"is {name_of(value)}; shown as JSON")
    return text_of(value)


def _inline(value: object, path: str, notes: Notes) -> bool:
    if isinstance(value, bool):
        return value
    notes.left_out(f"{path}.inline", f"expected true or false, got {name_of(value)}")
    return False
