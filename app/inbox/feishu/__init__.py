"""Feishu's side of a robot's message: its refusals, and the card that it shows.

The rules are from Feishu's own papers and from people's reports, and know nothing of the sender's.
"""

from app.inbox.coded import Refusal, coded_reply, refused
from app.inbox.feishu.payload import Shown, judge
from app.inbox.stand_in import StandIn
from app.values.inbox import InboxCard


def _card(shown: Shown, body: bytes) -> InboxCard:
    return InboxCard(
        id=0,
        kind="feishu",
        time="",
        title=shown.title or None,
        text="\n".join(shown.blocks),
        color=shown.color,
        fields=tuple((name, value) for name, _, value in (f.partition("\n") for f in shown.fields)),
        footer="\n".join(shown.notes) or None,
        raw=body.decode(errors="replace"),
    )


def _read(body: bytes, _: object) -> list[InboxCard]:
    try:
        return [_card(judge(body), body)]
    except Refusal as refusal:
        raise refused(refusal, "code", "msg") from None


STAND_IN = StandIn(
    paths=("/open-apis/bot/v2/hook/{token}",),
    read=_read,
    accepted=coded_reply(
        {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}
    ),
    limited=lambda _now, _seconds: coded_reply(
        {"code": 11232, "msg": "frequency limited psm[lark.oapi.app_platform_runtime]", "data": {}}
    ),
    failed=coded_reply({"code": 2200, "msg": "Internal Error", "data": {}}),
)
