"""Discord's verdict on the body of an execute-webhook request.

Sources: discord/discord-api-docs, developers/resources/webhook.mdx, "Execute Webhook";
discord/discord-api-spec, IncomingWebhookRequest and MessageAllowedMentionsRequest. Where Discord's
rule is not known, the stricter reading holds: Discord takes everything that is taken here.
"""

import json
import unicodedata
from typing import Any

import msgspec

from app.inbox.discord.embeds import check_embeds
from app.inbox.discord.fields import (
    check_flag,
    check_list,
    check_not_modelled,
    check_number,
    check_object,
    check_snowflake,
    check_string,
    check_text,
    check_url,
)
from app.inbox.discord.form import Form, Path
from app.inbox.discord.texts import is_blank
from app.inbox.texts import is_shown
from app.inbox.texts import utf16_units as length

MAX_CONTENT = 2000
MAX_USERNAME = 80
MAX_MENTIONS = 100
EMPTY_MESSAGE = 50006
INVALID_JSON = 50109

_MENTION_TYPES = ("roles", "users", "everyone")
_FLAGS = 1 << 2 | 1 << 12  # SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS
_NOT_IN_NAMES = ("clyde", "discord", "```")
_NOT_AS_NAMES = ("everyone", "here")
_NOT_MODELLED = ("components", "attachments", "poll", "thread_name", "applied_tags")


class Refusal(msgspec.Struct, frozen=True):
    """A 400 answer."""

    answer: dict[str, Any]


def judge(body: bytes, version: int = 10) -> dict[str, Any] | Refusal:
    """Return the message that a JSON body holds, or why Discord refuses it.

    Args:
        version: Of the API; it decides the form of refusals.
    """
    try:
        # Discord decodes what JSON has no word for (NaN, lone surrogates) or not; here it does not.
        message = json.loads(body.decode(), parse_constant=_no_constant)
        json.dumps(message, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        # The words and the code by saadbruno/minecraft-discord-webhook#8, on a URL without version.
        text = "The request body contains invalid JSON."
        return Refusal({"message": text, "code": INVALID_JSON})
    form = Form()
    _check_message(form, message)
    if form.faults:
        return Refusal(form.answer(version))
    if is_blank(message.get("content") or "") and not message.get("embeds"):
        return Refusal({"message": "Cannot send an empty message", "code": EMPTY_MESSAGE})
    checked: dict[str, Any] = message
    return checked


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _check_message(form: Form, message: Any) -> None:
    if not isinstance(message, dict):
        # dolfies/discord.py-self#271
        form.refuse((), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return
    check_text(form, ("content",), message.get("content"), MAX_CONTENT)
    _check_username(form, message.get("username"))
    check_url(form, ("avatar_url",), message.get("avatar_url"))
    check_embeds(form, message.get("embeds"))
    check_flag(form, ("tts",), message.get("tts"))
    flags = check_number(form, ("flags",), message.get("flags"), 2**31 - 1)
    if flags is not None and flags & ~_FLAGS:
        form.refuse(("flags",), "NOT_MODELLED", "No stand-in for these flags.")
    _check_mentions(form, message.get("allowed_mentions"))
    check_not_modelled(form, (), message, _NOT_MODELLED)


def _check_username(form: Form, value: Any) -> None:
    """Check the name that the message appears under.

    1 to 80 characters, without "clyde" and "discord" (webhook.mdx, "Create Webhook";
    USERNAME_INVALID_CONTAINS by Xujiayao/Discord-MC-Chat#286), not "everyone" or "here"
    (developers/resources/user.mdx), which refused "groundsphere" too
    (MinnDevelopment/discord-webhooks#100, 2025). Three backticks are avoided by PluralKit, while
    its guard against "@", "#" and ":" is out of use (PluralKit/PluralKit,
    WebhookExecutorService.cs; taken by discord/discord-api-docs#4293 too). Names "are sanitized and
    trimmed" (user.mdx), so what a sanitiser may take out hides no word.
    """
    path = ("username",)
    name = check_string(form, path, value)
    if name is None:
        return
    if not any(map(is_shown, name)) or length(name) > MAX_USERNAME:
        message = f"Must be between 1 and {MAX_USERNAME} in length."
        form.refuse(path, "BASE_TYPE_BAD_LENGTH", message)
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(each for each in plain if is_shown(each) or each == " ")
    for word in _NOT_IN_NAMES:
        if word in plain:
            message = f'Username cannot contain "{word}"'
            form.refuse(path, "USERNAME_INVALID_CONTAINS", message)
    for word in _NOT_AS_NAMES:
        if word in plain:
            form.refuse(path, "USERNAME_INVALID", f'Username cannot be "{word}"')


def _check_mentions(form: Form, value: Any) -> None:
    """Check ``allowed_mentions``; the exclusion by Mephisto5558/Teufelsbot#285."""
    path = ("allowed_mentions",)
    mentions = check_object(form, path, value)
    if mentions is None:
        return
    faults = len(form.faults)
    parsed = check_list(form, (*path, "parse"), mentions.get("parse"), len(_MENTION_TYPES))
    for at, kind in enumerate(parsed):
        if kind not in _MENTION_TYPES:
            choices = f"Value must be one of {_MENTION_TYPES}."
            form.refuse((*path, "parse", at), "BASE_TYPE_CHOICES", choices)
    _check_each_once(form, (*path, "parse"), parsed)
    check_flag(form, (*path, "replied_user"), mentions.get("replied_user"))
    exclusive = []
    for kind in ("users", "roles"):
        ids = check_list(form, (*path, kind), mentions.get(kind), MAX_MENTIONS)
        for at, each in enumerate(ids):
            check_snowflake(form, (*path, kind, at), each)
        _check_each_once(form, (*path, kind), ids)
        if ids and kind in parsed:
            exclusive.append(kind)
    if len(form.faults) == faults:
        for kind in exclusive:
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            form.refuse(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def _check_each_once(form: Form, path: Path, values: list[Any]) -> None:
    """Refuse a value that stands twice in a set, at its second place."""
    for at, value in enumerate(values):
        if value in values[:at]:
            message = "The set already contains this value"
            form.refuse((*path, at), "SET_TYPE_ALREADY_CONTAINS_VALUE", message)
