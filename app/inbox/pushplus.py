"""PushPlus's side of a message: always HTTP 200, and a code (pushplus.plus, "返回码说明")."""

from typing import Literal

import msgspec

from app.inbox.markdown import MarkdownReader
from app.inbox.stand_in import RefusedError, Reply, StandIn, json_reply, of_body
from app.inbox.texts import is_shown
from app.values.inbox import InboxCard

MAX_TITLE = 100
MAX_CONTENT = 20_000
_READER = MarkdownReader()


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str
    content: str
    title: str = ""
    template: Literal["html", "txt", "json", "markdown"] = "html"
    topic: str = ""
    channel: str = ""


_decoder = msgspec.json.Decoder(_Message)


def judge(body: bytes) -> InboxCard:
    """Return what a request shows.

    Raises:
        RefusedError: PushPlus would refuse it.
    """
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _refused(600, "数据异常，操作失败") from None
    if message.token.startswith("unknown"):
        raise _refused(903, "无效的用户令牌")
    if not any(map(is_shown, message.content)):
        raise _refused(999, "服务端验证错误：消息内容不能为空")
    if len(message.title) > MAX_TITLE or len(message.content) > MAX_CONTENT:
        raise _refused(999, "服务端验证错误：内容过长")
    if message.template not in ("txt", "markdown"):
        raise _refused(999, "服务端验证错误：no stand-in for this template")
    is_markdown = message.template == "markdown"
    return InboxCard(
        id=0,
        kind="pushplus",
        time="",
        title=message.title or None,
        text=_READER.read(message.content).text if is_markdown else message.content,
        raw=body.decode(),
    )


def _answer(code: int, message: str) -> Reply:
    return json_reply(200, {"code": code, "msg": message, "data": None})


def _refused(code: int, message: str) -> RefusedError:
    return RefusedError(_answer(code, message))


STAND_IN = StandIn(
    paths=("/send",),
    read=of_body(judge),
    accepted=json_reply(200, {"code": 200, "msg": "请求成功", "data": "0123456789"}),
    limited=lambda _, __: _answer(900, "用户账号使用受限"),
    failed=_answer(500, "系统异常，请稍后再试"),
)
