"""Makes cards of an execute-webhook request, one for each embed, as Discord's clients show it."""

from collections.abc import Mapping
from typing import Any

from app.inbox.discord.payload import Refusal, judge
from app.inbox.discord.texts import ZERO_WIDTH_SPACE
from app.inbox.stand_in import RefusedError, json_reply
from app.values.inbox import InboxCard


def read_message(body: bytes, version: int) -> list[InboxCard]:
    """Return a card for each embed of an execute-webhook body, or one for its content alone.

    Args:
        version: Of the API; it decides the form of refusals.

    Raises:
        RefusedError: Discord would refuse it.
    """
    message = judge(body, version)
    if isinstance(message, Refusal):
        raise RefusedError(json_reply(400, message.answer))
    raw, sender = body.decode(), message.get("username")
    content = message.get("content") or ""
    first, *others = message.get("embeds") or [{}]
    return [
        _card(first, content, sender, raw),
        *(_card(embed, "", sender, raw) for embed in others),
    ]


def _card(embed: Mapping[str, Any], content: str, sender: str | None, raw: str) -> InboxCard:
    footer = embed.get("footer") or {}
    return InboxCard(
        id=0,
        kind="discord",
        time="",
        title=embed.get("title"),
        text=_seen("\n\n".join(filter(None, [content, embed.get("description")]))),
        color=embed.get("color"),
        fields=tuple(
            (_seen(field["name"]), _seen(field["value"])) for field in embed.get("fields") or ()
        ),
        footer=footer.get("text"),
        sender=sender,
        raw=raw,
    )


def _seen(text: str) -> str:
    """Leave out characters that stand for an empty text, as Discord's clients do."""
    return text.replace(ZERO_WIDTH_SPACE, "")
