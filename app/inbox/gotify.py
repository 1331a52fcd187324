"""Gotify's side of a message (gotify/server, docs/spec.json, api/message.go)."""

from typing import Any

import msgspec

from app.inbox.markdown import MarkdownReader
from app.inbox.stand_in import RefusedError, Reply, StandIn, json_reply, of_body
from app.inbox.texts import is_shown
from app.values.inbox import InboxCard

_READER = MarkdownReader()


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message: str
    title: str = ""
    priority: int = 0
    extras: dict[str, dict[str, Any]] = {}


_decoder = msgspec.json.Decoder(_Message)


def judge(body: bytes) -> InboxCard:
    """Return what a request shows.

    Raises:
        RefusedError: Gotify would refuse it, or shows nothing.
    """
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RefusedError(_answer(400, "Bad Request", str(error))) from None
    if not any(map(is_shown, message.message)):
        raise RefusedError(_answer(400, "Bad Request", "Field 'message' is required"))
    kind = message.extras.get("client::display", {}).get("contentType", "text/plain")
    if kind not in ("text/plain", "text/markdown"):
        raise RefusedError(_answer(400, "Bad Request", f"unknown content type {kind}"))
    text = message.message
    return InboxCard(
        id=0,
        kind="gotify",
        time="",
        title=message.title.strip() or None,
        text=_READER.read(text).text if kind == "text/markdown" else text,
        raw=body.decode(),
    )


def _answer(status: int, error: str, description: str) -> Reply:
    said = {"error": error, "errorCode": status, "errorDescription": description}
    return json_reply(status, said)


STAND_IN = StandIn(
    paths=("/message",),
    read=of_body(judge),
    accepted=json_reply(200, {"id": 1, "appid": 1, "message": "", "title": "", "priority": 0}),
    limited=lambda _, __: _answer(429, "Too Many Requests", "slow down"),
    failed=_answer(500, "Internal Server Error", "try again"),
)
