"""A webhook of the stand-in, and the messages it posts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.support.discord.records import Message
from tests.support.discord.routes import Query
from tests.support.http_server import Behaviour


@dataclass
class Webhook:
    """A webhook that exists."""

    id: str  # a snowflake
    token: str  # its secret
    channel_id: str  # webhooks of one channel share its limit
    threads: tuple[str, ...] = ()  # ids of the channel's threads
    broken: Behaviour | None = None  # what it does instead of answering


def message_object(message: Message, webhook: Webhook, query: Query) -> dict[str, Any]:
    """Return the message as Discord tells of it (message.mdx, "Message Object")."""
    sent = message.sent
    return {
        "id": message.id,
        "type": 0,
        "content": sent.get("content") or "",
        "channel_id": query.thread_id or webhook.channel_id,
        "author": {
            "id": webhook.id,
            "bot": True,
            "username": sent.get("username") or "Captain Hook",
            "avatar": None,
            "discriminator": "0000",
        },
        "attachments": [],
        "embeds": [{"type": "rich", **embed} for embed in sent.get("embeds") or ()],
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "pinned": False,
        "tts": bool(sent.get("tts")),
        "timestamp": datetime.fromtimestamp(message.at, UTC).isoformat(),
        "edited_timestamp": None,
        "flags": sent.get("flags") or 0,
        "components": [],
        "webhook_id": webhook.id,
    }
