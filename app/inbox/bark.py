"""Bark's side of a push.

Source: Finb/bark-server, route_push.go, apns/apns.go; Apple's payloads are up to 4,096 bytes.
"""

from typing import Any, Literal

import msgspec

from app.inbox.stand_in import RefusedError, Reply, StandIn, json_reply, of_body
from app.values.inbox import InboxCard

MAX_PAYLOAD = 4096


class _Push(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    device_key: str
    body: str = ""
    title: str = ""
    id: str = ""
    url: str = ""
    level: Literal["critical", "active", "timeSensitive", "passive"] = "active"


_decoder = msgspec.json.Decoder(_Push)


def judge(body: bytes) -> InboxCard:
    """Return what a request shows.

    Raises:
        RefusedError: Bark or Apple would refuse it.
    """
    try:
        push = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _refused(400, f"request bind failed: {error}") from None
    if not push.device_key:
        raise _refused(400, "device key is empty")
    if push.device_key == "unknown":
        raise _refused(400, "failed to get device token: failed to get [unknown] device token")
    if len(_payload(push)) > MAX_PAYLOAD:
        raise _refused(500, "push failed: PayloadTooLarge")
    text = push.body or ("" if push.title else "Empty Message")
    return InboxCard(
        id=0, kind="bark", time="", title=push.title or None, text=text, raw=body.decode()
    )


def _payload(push: _Push) -> bytes:
    """Return what goes to Apple."""
    alert = {"title": push.title, "subtitle": "", "body": push.body}
    aps: dict[str, Any] = {"alert": alert, "sound": "1107", "category": "myNotificationCategory"}
    more = {"id": push.id, "url": push.url, "level": push.level}
    return msgspec.json.encode({"aps": {**aps, "mutable-content": 1}, **more})


def _answer(code: int, message: str) -> Reply:
    return json_reply(code, {"code": code, "message": message, "timestamp": 0})


def _refused(code: int, message: str) -> RefusedError:
    return RefusedError(_answer(code, message))


STAND_IN = StandIn(
    paths=("/push",),
    read=of_body(judge),
    accepted=_answer(200, "success"),
    limited=lambda _, __: _answer(500, "push failed: TooManyRequests"),
    failed=_answer(500, "push failed: InternalServerError"),
)
