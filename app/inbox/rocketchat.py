"""Rocket.Chat's side of an incoming integration.

Sources: RocketChat/Rocket.Chat, apps/meteor/app/integrations/server/api/api.ts; its message parser
(packages/message-parser, grammar.pegjs); "Message_MaxAllowedSize", 5,000 unless it is changed.
"""

from collections.abc import Mapping, Sequence

import msgspec

from app.inbox.markdown import MarkdownReader
from app.inbox.mattermost import Message, cards_of
from app.inbox.stand_in import RefusedError, Reply, StandIn, json_reply
from app.values.inbox import InboxCard

MAX_SIZE = 5000
_READER = MarkdownReader("*_~`#.", emoji=True, html=False)
_decoder = msgspec.json.Decoder(Message)


def judge(body: bytes) -> tuple[list[InboxCard], list[str]]:
    """Return what a request shows, and whom it calls.

    Raises:
        RefusedError: Rocket.Chat would refuse it.
    """
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _refused(400, "Invalid JSON") from None
    if not message.text.strip() and not message.attachments:
        raise _refused(400, "error-invalid-message")
    texts = [each.text for each in message.attachments]
    if len(message.text) > MAX_SIZE or any(len(text) > MAX_SIZE for text in texts):
        raise _refused(400, "error-message-size-exceeded")
    return cards_of("rocketchat", message, _READER, body.decode())


def _refused(status: int, error: str) -> RefusedError:
    return RefusedError(_answer(status, error))


def _answer(status: int, error: str) -> Reply:
    return json_reply(status, {"success": False, "error": error})


def _read(body: bytes, place: Mapping[str, str]) -> Sequence[InboxCard]:
    if place["key"] == "revoked":
        raise _refused(400, "Invalid integration id or token provided.")
    return judge(body)[0]


STAND_IN = StandIn(
    paths=("/hooks/{id}/{key}",),
    read=_read,
    accepted=json_reply(200, {"success": True}),
    limited=lambda _, __: _answer(429, "Error, too many requests. Please slow down."),
    failed=_answer(500, "internal error"),
)
