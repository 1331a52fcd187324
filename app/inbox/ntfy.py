"""ntfy's side of publishing as JSON.

Source: binwiederhier/ntfy, server/{server,types,errors,config}.go: a topic of up to 64 letters and
digits, a message of up to 4,096 bytes, a request of up to twice that.
"""

from collections.abc import Mapping, Sequence

import msgspec

from app.inbox.markdown import MarkdownReader
from app.inbox.stand_in import RefusedError, Reply, StandIn, json_reply
from app.inbox.webhook import read_webhook
from app.values.inbox import InboxCard

MAX_MESSAGE = 4096
MAX_BODY = 2 * MAX_MESSAGE
_READER = MarkdownReader()


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topic: str
    title: str = ""
    message: str = ""
    priority: int = 3
    click: str = ""
    markdown: bool = False


_decoder = msgspec.json.Decoder(_Message)


def judge(body: bytes) -> InboxCard:
    """Return what a request shows.

    Raises:
        RefusedError: ntfy would refuse it.
    """
    if len(body) > MAX_BODY:
        raise _refused(413, 41303, "JSON body too large")
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _refused(400, 40017, "invalid request: request body must be message JSON") from None
    if not _is_topic(message.topic):
        raise _refused(400, 40009, "invalid request: topic invalid")
    if message.topic == "forbidden":
        raise _refused(403, 40301, "forbidden")
    if not 0 <= message.priority <= 5:
        raise _refused(400, 40007, "invalid priority parameter")
    if len(message.message.encode()) > MAX_MESSAGE:
        raise _refused(400, 40014, "invalid request: attachments not allowed")
    text = message.message.strip()
    shown = _READER.read(text).text if message.markdown else text
    return InboxCard(
        id=0,
        kind="ntfy",
        time="",
        title=message.title or None,
        text=shown or "triggered",
        recipients=(message.topic,),
        raw=body.decode(),
    )


def _is_topic(topic: str) -> bool:
    return 0 < len(topic) <= 64 and all(
        each.isascii() and (each.isalnum() or each in "-_") for each in topic
    )


def _answer(status: int, code: int, error: str) -> Reply:
    return json_reply(status, {"code": code, "http": status, "error": error})


def _refused(status: int, code: int, error: str) -> RefusedError:
    return RefusedError(_answer(status, code, error))


def _read(body: bytes, place: Mapping[str, str]) -> Sequence[InboxCard]:
    del place
    # The root of a server is anybody's: only what names a topic is meant for ntfy.
    return [judge(body) if b'"topic"' in body else read_webhook(body)]


STAND_IN = StandIn(
    paths=("/",),
    read=_read,
    accepted=json_reply(200, {"id": "sPs71M8A2T", "time": 0, "event": "message", "topic": "t"}),
    limited=lambda _, __: _answer(429, 42901, "limit reached: too many requests"),
    failed=_answer(500, 50001, "internal server error"),
)
