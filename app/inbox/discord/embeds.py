"""Checks the embeds of one message as Discord does, and tells which of them it shows.

Sources: discord/discord-api-docs, developers/resources/message.mdx, "Embed Object" and "Embed
Limits"; discord/discord-api-spec, RichEmbed and its parts.
"""

from collections.abc import Sequence
from typing import Any

from app.inbox.discord.fields import (
    check_flag,
    check_list,
    check_not_modelled,
    check_number,
    check_object,
    check_required_text,
    check_string,
    check_text,
    check_timestamp,
    check_url,
)
from app.inbox.discord.form import Form, Path
from app.inbox.discord.texts import is_blank
from app.inbox.texts import utf16_units as length

MAX_EMBEDS = 10
MAX_TOTAL = 6000
MAX_TITLE = 256
MAX_DESCRIPTION = 4096
MAX_FIELDS = 25
MAX_FIELD_NAME = 256
MAX_FIELD_VALUE = 1024
MAX_FOOTER = 2048
MAX_AUTHOR = 256
MAX_COLOR = 0xFFFFFF

_NOT_MODELLED = ("provider", "video", "flags")
_NOT_MODELLED_OF_IMAGES = ("width", "height", "placeholder", "placeholder_version")


def check_embeds(form: Form, value: Any) -> None:
    """Check ``embeds``: each by itself, then all of them together.

    The 6,000 characters are those of all embeds of the message (discord/discord-api-docs#2575,
    "The limit is 6000 for all embeds in a message"); the refusal is reported by
    NelsonDane/auto-rsa#451.
    """
    embeds = check_list(form, ("embeds",), value, MAX_EMBEDS)
    total = sum(_check_embed(form, ("embeds", at), embed) for at, embed in enumerate(embeds))
    if total > MAX_TOTAL:
        message = f"Embed size exceeds maximum size of {MAX_TOTAL}"
        form.refuse(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", message)


def shown_embeds(embeds: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the embeds that a reader sees.

    "Embeds are deduplicated by URL. If a message contains multiple embeds with the same URL, only
    the first is shown" (message.mdx, "Embed Limits"; discord/discord-api-docs#4129).
    """
    shown = []
    urls = set()
    for embed in embeds:
        url = embed.get("url")
        if url is None or url not in urls:
            shown.append(embed)
        urls.add(url)
    return tuple(shown)


def _check_embed(form: Form, path: Path, value: Any) -> int:
    """Check an embed and return how many characters of it count."""
    if value is None or value == {}:
        # The answer to {"embeds": [{}]} by discord/discord-api-docs#1765.
        message = "List item values of ModelType are required"
        form.refuse(path, "LIST_ITEM_VALUE_REQUIRED", message)
        return 0
    embed = check_object(form, path, value)
    if embed is None:
        return 0
    texts = [
        check_text(form, (*path, "title"), embed.get("title"), MAX_TITLE),
        check_text(form, (*path, "description"), embed.get("description"), MAX_DESCRIPTION),
        *_check_fields(form, (*path, "fields"), embed.get("fields")),
    ]
    pictures = [
        _check_image(form, (*path, name), embed.get(name)) for name in ("image", "thumbnail")
    ]
    if all(map(is_blank, texts)) and not any(pictures):
        # Author, footer or colour alone may do; no report says so.
        form.refuse((*path, "description"), "BASE_TYPE_REQUIRED", "This field is required")
    texts.append(_check_author(form, (*path, "author"), embed.get("author")))
    texts.append(_check_footer(form, (*path, "footer"), embed.get("footer")))
    check_url(form, (*path, "url"), embed.get("url"))
    check_timestamp(form, (*path, "timestamp"), embed.get("timestamp"))
    check_number(form, (*path, "color"), embed.get("color"), MAX_COLOR)
    check_string(form, (*path, "type"), embed.get("type"))
    check_not_modelled(form, path, embed, _NOT_MODELLED)
    return sum(map(length, texts))


def _check_fields(form: Form, path: Path, value: Any) -> list[str]:
    texts = []
    for at, item in enumerate(check_list(form, path, value, MAX_FIELDS)):
        field = check_object(form, (*path, at), {} if item is None else item)
        if field is None:
            continue
        name, text = field.get("name"), field.get("value")
        texts.append(check_required_text(form, (*path, at, "name"), name, MAX_FIELD_NAME))
        texts.append(check_required_text(form, (*path, at, "value"), text, MAX_FIELD_VALUE))
        check_flag(form, (*path, at, "inline"), field.get("inline"))
    return texts


def _check_image(form: Form, path: Path, value: Any) -> bool:
    """Check an image or thumbnail and return whether there is one."""
    image = check_object(form, path, value)
    if image is None:
        return False
    check_url(form, (*path, "url"), image.get("url"), required=True)
    check_not_modelled(form, path, image, _NOT_MODELLED_OF_IMAGES)
    return True


def _check_author(form: Form, path: Path, value: Any) -> str:
    author = check_object(form, path, value)
    if author is None:
        return ""
    for name in ("url", "icon_url"):
        check_url(form, (*path, name), author.get(name))
    return check_required_text(form, (*path, "name"), author.get("name"), MAX_AUTHOR)


def _check_footer(form: Form, path: Path, value: Any) -> str:
    footer = check_object(form, path, value)
    if footer is None:
        return ""
    check_url(form, (*path, "icon_url"), footer.get("icon_url"))
    return check_required_text(form, (*path, "text"), footer.get("text"), MAX_FOOTER)
