"""The side of a workflow that posts to Microsoft Teams.

Its trigger answers 202 to any JSON object; what cannot be posted fails within the flow, where
nobody is told. Here it is refused at once, with what the flow's history would say.

Sources: learn.microsoft.com, "Create incoming webhooks with Workflows" (28 KB, too); the schema of
adaptivecards.io, version 1.4: RichTextBlock, TextRun, Container, Action.OpenUrl.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from app.inbox.stand_in import RefusedError, StandIn, json_reply, text_reply
from app.values.inbox import InboxCard

MAX_BYTES = 28_000
_Color = Literal["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"]
_COLORS = {"Attention": 0xC4314B, "Warning": 0xF8D22A, "Good": 0x92C353, "Accent": 0x6264A7}


class _Open(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["Action.OpenUrl"]
    url: str
    title: str = ""


class _Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["TextRun"]
    text: str
    color: _Color = "Default"
    fontType: Literal["Default", "Monospace"] = "Default"  # noqa: N815 - the schema's own name
    italic: bool = False
    strikethrough: bool = False
    isSubtle: bool = False  # noqa: N815
    size: Literal["Default", "Small", "Medium", "Large", "ExtraLarge"] = "Default"
    weight: Literal["Default", "Lighter", "Bolder"] = "Default"
    selectAction: _Open | None = None  # noqa: N815


class _RichText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="RichTextBlock"):
    inlines: tuple[_Run, ...]
    spacing: str = "Default"
    separator: bool = False


class _Container(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="Container"):
    items: tuple["_RichText | _Container", ...]
    separator: bool = False
    spacing: str = "Default"


class _Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["AdaptiveCard"]
    version: Literal["1.0", "1.1", "1.2", "1.3", "1.4"]
    body: tuple[_RichText | _Container, ...]
    schema: str = msgspec.field(name="$schema", default="")
    msteams: dict[str, Any] = {}


class _Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    contentType: Literal["application/vnd.microsoft.card.adaptive"]  # noqa: N815
    content: _Card


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["message"]
    attachments: tuple[_Attachment, ...]


_decoder = msgspec.json.Decoder(_Message)


def judge(body: bytes) -> list[InboxCard]:
    """Return what a request shows, a card for each notification of it.

    Raises:
        RefusedError: The flow would fail.
    """
    if len(body) > MAX_BYTES:
        raise _refused(413, "RequestEntityTooLarge", "Request Entity too large")
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _refused(400, "TriggerInputSchemaMismatch", str(error)) from None
    if not message.attachments or not all(each.content.body for each in message.attachments):
        raise _refused(400, "TriggerInputSchemaMismatch", "nothing to post")
    raw = body.decode()
    return [card for each in message.attachments for card in _cards(each.content, raw)]


def _cards(card: _Card, raw: str) -> Iterator[InboxCard]:
    own = [each for each in card.body if isinstance(each, _RichText)]
    parts = [own] + [
        [item for item in each.items if isinstance(item, _RichText)]
        for each in card.body
        if isinstance(each, _Container)
    ]
    for blocks in filter(None, parts):
        runs = [run for block in blocks for run in block.inlines]
        colors = [_COLORS[run.color] for run in runs if run.color in _COLORS]
        lines = ["".join(run.text for run in block.inlines) for block in blocks]
        yield InboxCard(
            id=0,
            kind="teams",
            time="",
            title=None,
            text="\n".join(lines),
            color=colors[0] if colors else None,
            raw=raw,
        )


def _refused(status: int, code: str, message: str) -> RefusedError:
    return RefusedError(json_reply(status, {"error": {"code": code, "message": message}}))


def _read(body: bytes, place: Mapping[str, str]) -> Sequence[InboxCard]:
    if place["id"] == "off":
        raise _refused(400, "WorkflowTriggerIsNotEnabled", "The workflow is turned off")
    return judge(body)


STAND_IN = StandIn(
    paths=(r"/{before:.*}workflows/{id}/triggers/{trigger}/paths/invoke",),
    read=_read,
    accepted=text_reply(202, ""),
    limited=lambda _, seconds: json_reply(
        429,
        {"error": {"code": "TooManyRequests", "message": "slow down"}},
        {"Retry-After": f"{max(seconds, 1):.0f}"},
    ),
    failed=json_reply(502, {"error": {"code": "BadGateway", "message": "try again"}}),
)
