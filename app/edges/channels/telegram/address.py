"""Telegram's addresses: ``/bot{token}/sendMessage?chat_id=…``, perhaps with a topic of the chat."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from app.values.channel import SecretForm

_BOT = r"/bot(?P<id>[0-9]{1,20})(?::|%3[Aa])[A-Za-z0-9_-]{1,80}(?:/test)?"
_PATH = re.compile(rf"(?:/[^/]+)*?{_BOT}/sendMessage/?", re.IGNORECASE)
_ANY_PATH = re.compile(rf"(?:/[^/]+)*?{_BOT}(?:/(?P<method>[A-Za-z]*))?/?")
_CHAT = re.compile(r"-?[0-9]{1,19}|@[A-Za-z0-9_]{3,64}")
_NUMBER = re.compile(r"[0-9]{1,18}")
CHAT, TOPIC = "chat_id", "message_thread_id"

SECRET = SecretForm("/bot", r"/bot[0-9]{1,20}(?::|%3a)([a-z0-9_-]{1,80})")
"""The token; the bot's id before it may be seen."""


class Place(NamedTuple):
    """A chat as an address names it."""

    url: str  # Of the method. Secret.
    chat: str  # a number or ``@name``; empty if the address names none
    topic: int | None  # of a forum; None for the chat as a whole


def is_bot(url: SplitResult) -> bool:
    """Say whether a URL's path has the form of a bot's method that sends texts."""
    return _PATH.fullmatch(url.path) is not None


def fault(url: SplitResult) -> str:
    """Say why a URL of a bot cannot be used."""
    bot = _ANY_PATH.fullmatch(url.path)
    if bot is None:
        return ""
    if not is_bot(url):
        said = f"names the method {bot['method']}" if bot["method"] else "ends with the bot's token"
        return f"{said}: end its path with /sendMessage"
    query = dict(parse_qsl(url.query))
    chat, topic = query.get(CHAT, ""), query.get(TOPIC)
    if not chat:
        return "names no chat: add ?chat_id=… with the chat's number or @name"
    if not _CHAT.fullmatch(chat):
        return "names a chat that is neither a number nor an @name: put the chat's number there"
    if topic is not None and not _NUMBER.fullmatch(topic):
        return "names a topic that is no number: put the topic's number into message_thread_id"
    return ""


def limit_key(url: SplitResult) -> str:
    """Return the key that all topics of a chat share: Telegram limits a bot by the chat."""
    if not is_bot(url):
        return ""
    chat = dict(parse_qsl(url.query)).get(CHAT, "")
    return urlunsplit((url.scheme, url.netloc, url.path, urlencode({CHAT: chat}), ""))


def shown(url: SplitResult) -> str:
    """Return the path up to the bot's id."""
    bot = _ANY_PATH.fullmatch(url.path)
    return url.path[: bot.end("id")] + ":" if bot else ""


def chat_url(address: str) -> str:
    """Return the URL that asks the bot about the chat, which posts nothing."""
    parts = urlsplit(address)
    path = parts.path.rstrip("/").rpartition("/")[0]
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/getChat", parts.query, ""))


@lru_cache(maxsize=4096)
def place_of(address: str) -> Place:
    """Return the chat that an address names, and where to ask."""
    parts = urlsplit(address)
    query = parse_qsl(parts.query, keep_blank_values=True)
    named = dict(query)
    others = urlencode([pair for pair in query if pair[0] not in (CHAT, TOPIC)])
    topic = named.get(TOPIC, "")
    return Place(
        urlunsplit((parts.scheme, parts.netloc, parts.path, others, "")),
        named.get(CHAT, ""),
        int(topic) if _NUMBER.fullmatch(topic) else None,
    )
