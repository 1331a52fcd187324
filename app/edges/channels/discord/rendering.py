"""Renders a notification as Discord's embeds: split if one is not enough, cut if none is."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from app.edges.channels.discord.limits import (
    MAX_DESCRIPTION,
    MAX_EMBEDS,
    MAX_FIELDS,
    MAX_TOTAL,
    NOTHING,
    cut,
    has_body,
    length,
    sound_embed,
)
from app.edges.channels.discord.notes import remark, remark_sender
from app.edges.channels.discord.payload import field_size, size
from app.policies.parsing.colors import BLUE
from app.policies.texts.notes import Notes
from app.policies.texts.plain_text import SHORTENED, readable
from app.values.note import Note
from app.values.notification import Embed, Notification

MOST_REQUESTS = 5
"""Requests that one notification takes at most."""
MOST_FIELDS = MAX_EMBEDS * MAX_FIELDS + 1
"""Fields that are looked at: one more than a request can carry."""

_TAIL = "\n" + SHORTENED


class Rendered(msgspec.Struct, frozen=True):
    """A notification, rendered for Discord."""

    # the embeds of each request, at least one of each: with ten embeds of its own and a text,
    # a notification takes a second request
    requests: tuple[tuple[Embed, ...], ...]
    notes: tuple[Note, ...] = ()  # what was left out, or changed


def render(notification: Notification) -> Rendered:
    """Return a notification as embeds that Discord takes.

    Title, text, colour, fields and footer make one embed, or several of one colour if they do not
    fit into one. The producer's own embeds follow, in further requests if needed. What is too long
    is cut, with a visible mark.
    """
    notes = Notes()
    own = _sound(_own(notification, notes), notes)
    requests = [_fit(own, "content", notes)] if own else [[]]
    for index, embed in enumerate(notification.embeds):
        path = f"embeds[{index}]"
        sound = _sound([(path, embed)], notes)
        more = _fit(sound, path, notes) if sound else []
        if _has_room(requests[-1], more):
            requests[-1] += more
        elif len(requests) < MOST_REQUESTS:
            requests.append(more)
        else:
            requests[-1] = _fit([*requests[-1], *more], path, notes)
            notes.left_out(path, f"no room for it and what follows in {MOST_REQUESTS} messages")
            break
    requests[0] = requests[0] or [Embed(description=NOTHING, color=_color(notification))]
    remark_sender(notification, notes)
    return Rendered(tuple(_each_shown(each) for each in requests), notes.all())


def requests_for(notification: Notification) -> int:
    """Return how many requests a notification takes: only embeds may need several."""
    return len(render(notification).requests) if notification.embeds else 1


def _color(notification: Notification) -> int:
    return BLUE if notification.color is None else notification.color


def _own(notification: Notification, notes: Notes) -> list[tuple[str, Embed]]:
    """Make the embeds of title, text, colour, fields and footer, split if one is not enough.

    Each comes with where its parts stand; an empty path is the notification itself.
    """
    color, fields = _color(notification), notification.fields[:MOST_FIELDS]
    text = readable(notification, MAX_TOTAL)
    if len(text) <= MAX_TOTAL and SHORTENED in text[-len(_TAIL) :]:
        notes.add("content", "more HTML than is read; shortened, with a visible mark")
    text = text[: MAX_TOTAL + 1]
    embeds = [Embed(description=part, color=color) for part in _split(text)]
    embeds[0] = replace(
        embeds[0], title=notification.title, url=notification.url, author=notification.author
    )
    embeds[-1] = replace(embeds[-1], fields=fields[:MAX_FIELDS])
    embeds += [
        Embed(color=color, fields=fields[start : start + MAX_FIELDS])
        for start in range(MAX_FIELDS, len(fields), MAX_FIELDS)
    ]
    published = _published(notification.timestamp)
    embeds[-1] = replace(embeds[-1], footer=notification.footer, timestamp=published)
    return [("", embed) for embed in embeds]


def _published(timestamp: float | None) -> str | None:
    """Return when a notification was published, as Discord reads times."""
    if timestamp is None:
        return None
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds")


def _sound(embeds: Iterable[tuple[str, Embed]], notes: Notes) -> list[Embed]:
    """Shorten embeds to Discord's limits; leave out those that become empty."""
    kept = []
    for path, embed in embeds:
        sound = sound_embed(embed)
        remark(embed, sound, path, notes)
        if has_body(sound):
            kept.append(sound)
        elif path:
            notes.left_out(path, "it holds nothing that Discord shows")
    return kept


def _has_room(embeds: list[Embed], more: list[Embed]) -> bool:
    return len(embeds) + len(more) <= MAX_EMBEDS and size(embeds) + size(more) <= MAX_TOTAL


def _fit(embeds: list[Embed], path: str, notes: Notes) -> list[Embed]:
    """Group embeds into requests, each within Discord's limits."""
    if len(embeds) <= MAX_EMBEDS and size(embeds) <= MAX_TOTAL:
        return embeds
    notes.add(path, "longer than one Discord message takes; shortened, with a visible mark")
    room = MAX_TOTAL - len(_TAIL)
    kept: list[Embed] = []
    for embed in embeds[:MAX_EMBEDS]:
        part = _part(embed, room)
        if has_body(part):
            kept.append(part)
        if part != embed:
            break
        room -= size([part])
    text = cut(kept[-1].description or "", MAX_DESCRIPTION - len(_TAIL))
    kept[-1] = replace(kept[-1], description=(text + _TAIL).strip())
    return kept


def _part(embed: Embed, room: int) -> Embed:
    """Return as much of an embed as fits: title, author, text, fields, footer."""
    if size([embed]) <= room:
        return embed
    title = cut(embed.title or "", room) or None
    room -= length(title)
    author = embed.author if embed.author and length(embed.author.name) <= room else None
    room -= length(author.name) if author else 0
    description = cut(embed.description or "", room) or None
    room -= length(description)
    fields = []
    for field in embed.fields:
        if field_size(field) > room:
            break
        fields.append(field)
        room -= field_size(field)
    footer = embed.footer if embed.footer and length(embed.footer.text) <= room else None
    return replace(
        embed,
        title=title,
        author=author,
        description=description,
        fields=tuple(fields),
        footer=footer,
    )


def _each_shown(embeds: list[Embed]) -> tuple[Embed, ...]:
    """Remove the URL from embeds that Discord would hide because an earlier one has the same.

    Pictures alone keep it: Discord shows them together with the first, which is why producers
    give several embeds one URL.
    """
    urls: set[str] = set()
    shown = []
    for embed in embeds:
        if embed.url and embed.url in urls and size([embed]):
            shown.append(replace(embed, url=None))
        else:
            shown.append(embed)
        if embed.url:
            urls.add(embed.url)
    return tuple(shown)


def _split(text: str) -> list[str]:
    """Split a text into descriptions, at the end of a line or a word if one is near."""
    parts: list[str] = []
    while length(text) > MAX_DESCRIPTION and len(parts) * MAX_DESCRIPTION < MAX_TOTAL:
        part = cut(text, MAX_DESCRIPTION)
        near = len(part) * 3 // 4
        end = next((at for mark in "\n " if (at := part.rfind(mark, near)) > 0), len(part))
        parts.append(part[:end])
        text = text[end:]
    return [*parts, text]
