"""WeCom's side of a robot's message: its refusals, and what it shows.

The rules are from WeCom's own papers and from people's reports, and know nothing of the sender's.
"""

from app.inbox.coded import Refusal, coded_reply, refused
from app.inbox.stand_in import StandIn
from app.inbox.wecom.payload import judge
from app.values.inbox import InboxCard


def _read(body: bytes, _: object) -> list[InboxCard]:
    try:
        shown = judge(body)
    except Refusal as refusal:
        raise refused(refusal, "errcode", "errmsg") from None
    title, _, text = shown.text.partition("\n")
    return [
        InboxCard(
            id=0,
            kind="wecom",
            time="",
            title=title if text else None,
            text=text or title,
            color=shown.color,
            raw=body.decode(errors="replace"),
        )
    ]


STAND_IN = StandIn(
    paths=("/cgi-bin/webhook/send",),
    read=_read,
    accepted=coded_reply({"errcode": 0, "errmsg": "ok"}),
    limited=lambda _now, _seconds: coded_reply(
        {"errcode": 45009, "errmsg": "api freq out of limit, hint: [1704540159128593240839785]"}
    ),
    failed=coded_reply({"errcode": -1, "errmsg": "system error"}),
)
