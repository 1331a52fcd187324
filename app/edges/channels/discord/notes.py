"""Notes about what was left out for Discord, or changed."""

from app.edges.channels.discord.limits import (
    MAX_FIELDS,
    NOTHING,
    sound_url,
    sound_username,
)
from app.policies.texts.notes import ATTACHMENTS, Notes
from app.values.notification import Embed, Field, Image, Notification

_NO_URL = "Discord does not accept this URL"
_TOO_LONG = "longer than Discord takes; shortened, with a visible mark"


def remark(given: Embed, sound: Embed, path: str, notes: Notes) -> None:
    """Note how an embed differs from what is sent of it.

    Args:
        given: As it was written.
        sound: From ``sound_embed``.
        path: Where it stands; empty for the notification itself.
    """
    if given == sound:
        return
    place = f"{path}." if path else ""
    _text(given.title, sound.title, f"{place}title", notes)
    _text(given.description, sound.description, f"{place}description" if path else "content", notes)
    _url(given.url, sound.url, f"{place}url", notes)
    _url(_link(given.image), _link(sound.image), f"{place}image", notes)
    _url(_link(given.thumbnail), _link(sound.thumbnail), f"{place}thumbnail", notes)
    if path and given.timestamp and not sound.timestamp:
        notes.left_out(f"{place}timestamp", "Discord does not accept this time")
    if given.footer:
        shown = sound.footer
        _text(given.footer.text, shown.text if shown else None, f"{place}footer", notes)
        icon = shown.icon_url if shown else None
        _url(given.footer.icon_url, icon, f"{place}footer.icon_url", notes)
    if given.author:
        named = sound.author
        _text(given.author.name, named.name if named else None, f"{place}author", notes)
        _url(given.author.url, named.url if named else None, f"{place}author.url", notes)
        icon = named.icon_url if named else None
        _url(given.author.icon_url, icon, f"{place}author.icon_url", notes)
    _fields(given.fields, sound.fields, f"{place}fields", notes)


def remark_sender(notification: Notification, notes: Notes) -> None:
    """Note what Discord takes neither as a sender's name and picture nor as a file."""
    sender = notification.sender
    if sender.username and sound_username(sender.username) != " ".join(sender.username.split()):
        notes.add("username", "Discord does not accept this name; shortened or left out")
    _url(sender.avatar_url, sound_url(sender.avatar_url), "avatar_url", notes)
    if notification.mail.attachments:
        notes.left_out(ATTACHMENTS, "this service sends no files to Discord")


def _text(given: str | None, sound: str | None, path: str, notes: Notes) -> None:
    if given and given.strip() and given != (sound or "").removesuffix(NOTHING):
        notes.add(path, _TOO_LONG)


def _url(given: str | None, sound: str | None, path: str, notes: Notes) -> None:
    if given and not sound:
        notes.left_out(path, _NO_URL)


def _link(image: Image | None) -> str | None:
    return image.url if image else None


def _fields(given: tuple[Field, ...], sound: tuple[Field, ...], path: str, notes: Notes) -> None:
    if len(given) > MAX_FIELDS:
        problem = f"{len(given)} fields; those beyond {MAX_FIELDS - 1} are left out"
        notes.add(path, problem)
    for index, (field, shown) in enumerate(zip(given, sound, strict=False)):
        if index < MAX_FIELDS - 1 or len(given) <= MAX_FIELDS:
            _text(field.name, shown.name, f"{path}[{index}].name", notes)
            _text(field.value, shown.value, f"{path}[{index}].value", notes)
