"""DingTalk's side of a robot's message: its refusals, and what it shows.

The rules are from DingTalk's own papers and from people's reports, and know nothing of the
sender's.
"""

from app.inbox.coded import Refusal, coded_reply, refused
from app.inbox.dingtalk.payload import judge
from app.inbox.stand_in import StandIn
from app.values.inbox import InboxCard


def _read(body: bytes, _: object) -> list[InboxCard]:
    try:
        shown = judge(body)
    except Refusal as refusal:
        raise refused(refusal, "errcode", "errmsg") from None
    return [
        InboxCard(
            id=0,
            kind="dingtalk",
            time="",
            title=shown.title,
            text=shown.text,
            raw=body.decode(errors="replace"),
        )
    ]


STAND_IN = StandIn(
    paths=("/robot/send",),
    read=_read,
    accepted=coded_reply({"errcode": 0, "errmsg": "ok"}),
    limited=lambda _now, _seconds: coded_reply(
        {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
    ),
    failed=coded_reply({"errcode": -1, "errmsg": "系统繁忙"}),
)
