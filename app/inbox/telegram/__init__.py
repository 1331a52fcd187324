"""Telegram's side of ``sendMessage``: its refusals, and what a chat shows.

Sources: the Bot API's own page; tdlib/telegram-bot-api, Client.cpp. The rules know nothing of the
sender's. A message is 1 to 4,096 characters "after entities parsing", here in UTF-16 units, which
are never fewer than code points.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from app.inbox.stand_in import RefusedError, Reply, StandIn, json_reply
from app.inbox.telegram.html import Refused, Shown, read_html, read_text
from app.inbox.texts import utf16_units
from app.values.inbox import InboxCard

MAX_TEXT = 4096


class _Preview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    is_disabled: bool = False


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    chat_id: int | Annotated[str, msgspec.Meta(pattern=r"^@[A-Za-z0-9_]{3,64}$")]
    parse_mode: str = ""
    message_thread_id: Annotated[int, msgspec.Meta(gt=0)] | None = None
    link_preview_options: _Preview = _Preview()
    disable_notification: bool = False


_decoder = msgspec.json.Decoder(_Message)


def bad_request(description: str) -> RefusedError:
    """Return a 400 answer."""
    return RefusedError(_answer(400, f"Bad Request: {description}"))


def judge(body: bytes) -> Shown:
    """Return what a request's text shows.

    Raises:
        RefusedError: Telegram would refuse it.
    """
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise bad_request(f"not a message: {error}") from None
    if message.chat_id == 0:
        raise bad_request("chat_id is empty")
    try:
        match message.parse_mode:
            case "HTML":
                shown = read_html(message.text)
            case "":
                shown = read_text(message.text)
            case _:
                raise bad_request("unsupported parse_mode")
    except Refused as refused:
        words = str(refused)
        is_empty = words == "message text is empty"
        raise bad_request(words if is_empty else f"can't parse entities: {words}") from None
    if utf16_units(shown.text) > MAX_TEXT:
        raise bad_request("message is too long")
    return shown


def _read(body: bytes, place: Mapping[str, str]) -> Sequence[InboxCard]:
    if place["token"].partition(":")[2] == "revoked":
        raise RefusedError(_answer(401, "Unauthorized"))
    shown = judge(body)
    raw = body.decode()
    return [InboxCard(id=0, kind="telegram", time="", title=None, text=shown.text, raw=raw)]


def _answer(status: int, description: str, **parameters: float) -> Reply:
    said = {"ok": False, "error_code": status, "description": description}
    return json_reply(status, said | ({"parameters": parameters} if parameters else {}))


def _limited(now: float, seconds: float) -> Reply:
    del now
    wait = max(round(seconds), 1)
    reply = _answer(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
    return msgspec.structs.replace(reply, headers={**reply.headers, "Retry-After": str(wait)})


STAND_IN = StandIn(
    paths=(r"/bot{token:\d+:[A-Za-z0-9_-]+}/sendMessage",),
    read=_read,
    accepted=json_reply(200, {"ok": True, "result": {"message_id": 1}}),
    limited=_limited,
    failed=_answer(500, "Internal Server Error"),
)
