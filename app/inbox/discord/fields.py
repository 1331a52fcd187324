"""Checks of single values, each with the code and the words of Discord's own refusal.

Codes and messages as they stand in public reports: BASE_TYPE_REQUIRED (Glitchii/embedbuilder#57),
BASE_TYPE_BAD_LENGTH (spacebarchat/server#1179), MODEL_TYPE_CONVERT (discord-php/DiscordPHP#1196),
BASE_TYPE_CHOICES (discord/discord-api-docs, developers/reference.mdx), URL_TYPE_INVALID_SCHEME and
URL_TYPE_INVALID_URL (brahmkshatriya/echo-discord#12), the texts about strings
(Brainicism/KMQ_Discord#523) and times (Discord4J/Discord4J#196). No report was found that shows the
codes of wrong lists, strings and booleans; those are likely ones. Where Discord converts (``"1"``
for 1), nothing is converted here.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.inbox.discord.form import Form, Path
from app.inbox.discord.texts import is_blank
from app.inbox.discord.urls import MAX_URL, is_well_formed, scheme_of
from app.inbox.texts import utf16_units as length

_TIMESTAMP = re.compile(
    r"(?:19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
"""ISO 8601 as RFC 3339 narrows it, since 1970; ISO's other spellings are not needed."""

_SNOWFLAKE = re.compile(r"[0-9]{1,19}")
MAX_SNOWFLAKE = 2**63 - 1


def check_object(form: Form, path: Path, value: Any) -> dict[str, Any] | None:
    """Return a JSON object, or None for null and after a refusal."""
    if isinstance(value, dict):
        return value
    if value is not None:
        form.refuse(path, "MODEL_TYPE_CONVERT", "Expected an object/dictionary.")
    return None


def check_list(form: Form, path: Path, value: Any, limit: int) -> list[Any]:
    """Return the items of a list with at most ``limit`` of them; none for null."""
    if value is None:
        return []
    if not isinstance(value, list):
        form.refuse(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return []
    if len(value) > limit:
        form.refuse(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
    return value


def check_string(form: Form, path: Path, value: Any) -> str | None:
    """Return a text, or None for null and after a refusal."""
    if isinstance(value, str):
        return value
    if value is not None:
        form.refuse(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
    return None


def check_text(form: Form, path: Path, value: Any, limit: int) -> str:
    """Return a text of at most ``limit`` characters; an empty one for null."""
    text = check_string(form, path, value) or ""
    if length(text) > limit:
        form.refuse(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
    return text


def check_required_text(form: Form, path: Path, value: Any, limit: int) -> str:
    """Return a text that says something.

    Discord has taken empty names and values of fields since about 2024 (discordjs/discord.js#10744)
    and refused them before; here they are refused.
    """
    text = check_text(form, path, value, limit)
    if value is None or (isinstance(value, str) and is_blank(value)):
        form.refuse(path, "BASE_TYPE_REQUIRED", "This field is required")
    return text


def check_flag(form: Form, path: Path, value: Any) -> None:
    """Take true, false and null."""
    if value is not None and not isinstance(value, bool):
        form.refuse(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")


def check_number(form: Form, path: Path, value: Any, limit: int) -> int | None:
    """Return an integer from 0 to ``limit``, or None for null."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        form.refuse(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        return None
    if value < 0:
        form.refuse(path, "NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.")
    if value > limit:
        form.refuse(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {limit}.")
    return value


def check_not_modelled(form: Form, path: Path, value: dict[str, Any], names: Iterable[str]) -> None:
    """Refuse a value that Discord would check and this stand-in cannot."""
    for name in names:
        if value.get(name) is not None:
            form.refuse((*path, name), "NOT_MODELLED", "No stand-in for this.")


def check_snowflake(form: Form, path: Path, value: Any) -> None:
    """Take an id: a string of digits below 2^63."""
    if not isinstance(value, str) or not _SNOWFLAKE.fullmatch(value):
        form.refuse(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
    elif int(value) > MAX_SNOWFLAKE:
        form.refuse(
            path,
            "NUMBER_TYPE_MAX",
            f"snowflake value should be less than or equal to {MAX_SNOWFLAKE}.",
        )


def check_url(form: Form, path: Path, value: Any, *, required: bool = False) -> None:
    """Take an absolute http or https URL; null unless it is required."""
    if value is None:
        if required:
            form.refuse(path, "BASE_TYPE_REQUIRED", "This field is required")
        return
    url = check_text(form, path, value, MAX_URL)
    if not isinstance(value, str) or is_well_formed(url):
        return
    if (scheme := scheme_of(url)) not in {"http", "https"}:
        allowed = "Scheme must be one of ('http', 'https')."
        message = f'Scheme "{scheme}" is not supported. {allowed}'
        form.refuse(path, "URL_TYPE_INVALID_SCHEME", message)
    else:
        form.refuse(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def check_timestamp(form: Form, path: Path, value: Any) -> None:
    """Take an ISO 8601 time with its offset."""
    if value is None:
        return
    try:
        if _TIMESTAMP.fullmatch(value):
            datetime.fromisoformat(value)
            return
    except (TypeError, ValueError):
        pass
    message = f"Could not parse {value}. Should be ISO8601."
    form.refuse(path, "DATE_TIME_TYPE_PARSE", message)
