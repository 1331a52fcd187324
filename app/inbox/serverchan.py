"""Server酱's side of a message.

Sources: sct.ftqq.com's page on its API; easychen/serverchan-sdk. A title of up to 32 characters, a
text in Markdown of up to 32 KB.
"""

from collections.abc import Mapping, Sequence

import msgspec

from app.inbox.markdown import MarkdownReader
from app.inbox.stand_in import RefusedError, Reply, StandIn, json_reply
from app.inbox.texts import is_shown
from app.values.inbox import InboxCard

MAX_TITLE = 32
MAX_DESP = 32 * 1000
_READER = MarkdownReader()


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    desp: str = ""
    noip: str = ""


_decoder = msgspec.json.Decoder(_Message)


def judge(body: bytes) -> InboxCard:
    """Return what a request shows.

    Raises:
        RefusedError: Server酱 would refuse it, or cut it.
    """
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _refused(400, 40000, "[INPUT]") from None
    if not any(map(is_shown, message.title)):
        raise _refused(400, 40000, "[INPUT]title不能为空")
    if len(message.title) > MAX_TITLE or len(message.desp.encode()) > MAX_DESP:
        raise _refused(400, 40000, "[INPUT]too long")
    return InboxCard(
        id=0,
        kind="serverchan",
        time="",
        title=message.title,
        text=_READER.read(message.desp).text,
        raw=body.decode(),
    )


def _answer(status: int, code: int, message: str) -> Reply:
    return json_reply(status, {"code": code, "message": message})


def _refused(status: int, code: int, message: str) -> RefusedError:
    return RefusedError(_answer(status, code, message))


def _read(body: bytes, place: Mapping[str, str]) -> Sequence[InboxCard]:
    if place["key"] == "unknown":
        raise _refused(400, 40001, "[AUTH]错误的Key")
    return [judge(body)]


STAND_IN = StandIn(
    paths=(r"/{key:[A-Za-z0-9_-]+}.send", r"/send/{key:[A-Za-z0-9_-]+}.send"),
    read=_read,
    accepted=json_reply(200, {"code": 0, "message": "", "data": {"error": "SUCCESS", "errno": 0}}),
    limited=lambda _, __: _answer(400, 40001, "[AUTH]超过当天的发送次数限制[5]，请稍后再试"),
    failed=_answer(500, 50000, "[SYS]"),
)
