"""Short ways to make messages, and a parser with everything but the message filled in."""

import json
from collections.abc import Mapping
from typing import Any

from app.policies.parsing import RenderedMessage, parse
from app.values.errors import TemplateError
from app.values.notification import Notification
from app.values.recipients import Contact, Group, Recipients, User
from tests.support.channels import KNOWN

RECORD_TIME = 1_000_000.0
DISCORD_URL = "https://discord.com/api/webhooks/123/token"
HOOK_URL = "https://hooks.example.com/T000/secret"


class EchoTemplates:
    """Knows the built-in ids and ``own``; renders the id and the context as they came."""

    def render(self, template_id: str, context: Mapping[str, object]) -> RenderedMessage:
        """Render what was asked for, so that a test can see it."""
        if template_id not in {"trading_signal", "system_alert", "own"}:
            raise TemplateError(f"template {template_id!r} is unknown")
        return RenderedMessage(json.dumps(context), template_id, 0x123456, "<p>")


def recipients() -> Recipients:
    """Return three users who are active and one who is not, in groups."""
    trader = Contact("webhook", DISCORD_URL), Contact("email", "trader@example.com")
    admin = Contact("email", "admin@example.com"), Contact("email", "b@example.com")
    away = Contact("webhook", HOOK_URL), Contact("email", "away@example.com")
    return Recipients(
        {
            "trader-001": User(trader, "Day trader"),
            "admin": User(admin),
            "nobody": User(),
            "away": User(away, active=False),
        },
        {
            "traders": Group("traders", ("trader-001", "admin"), "group-456", "Traders"),
            "System": Group("System", ("admin", "away")),
            "holiday": Group("holiday", ("away",)),
        },
    )


def envelope(**changes: Any) -> dict[str, Any]:
    """Return the smallest envelope, with changes; None takes a key away."""
    message = {"content": "hello", "channels": ["webhook"], **changes}
    return {key: value for key, value in message.items() if value is not None}


def typed(message_type: str, **members: Any) -> dict[str, Any]:
    """Return a typed message to ``trader-001`` unless it names somebody else."""
    addressed = {"user_uuid", "user_uuids", "group_name", "group_uuid"} & members.keys()
    to = {} if addressed else {"user_uuid": "trader-001"}
    return {"message_type": message_type, **to, **members}


def read(message: Any, known: Recipients | None = None) -> Notification:
    """Parse a message, or raw bytes, where these recipients are known."""
    value = message if isinstance(message, bytes) else json.dumps(message).encode()
    return parse(
        value,
        timestamp=RECORD_TIME,
        recipients=recipients() if known is None else known,
        templates=EchoTemplates(),
        channels=KNOWN,
    )
