"""Slack's side of an incoming webhook: its refusals, and what a channel shows.

Sources: docs.slack.dev, "Sending messages using incoming webhooks", the reference of Block Kit
(section, header, context, divider), "Formatting message text"; the words of refusals by public
clients' lists of them. The rules know nothing of the sender's. Lengths are counted in UTF-16 units,
on the text as it was sent. Where Slack's rule is not known, the stricter reading holds.
"""

from collections.abc import Mapping, Sequence

import msgspec

from app.inbox.slack.blocks import Attachment, check, texts_of
from app.inbox.slack.mrkdwn import read_mrkdwn, read_plain
from app.inbox.stand_in import RefusedError, StandIn, text_reply
from app.values.inbox import InboxCard

MAX_ATTACHMENTS = 100
MAX_TEXT = 40_000


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    mrkdwn: bool = True


_decoder = msgspec.json.Decoder(_Message)


def judge(body: bytes) -> list[InboxCard]:
    """Return what a request shows, a card for each attachment.

    Raises:
        RefusedError: Slack would refuse it.
    """
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise refused(400, "invalid_payload") from None
    if not message.text.strip() and not message.attachments:
        raise refused(400, "no_text")
    if len(message.attachments) > MAX_ATTACHMENTS:
        raise refused(400, "too_many_attachments")
    if len(message.text) > MAX_TEXT:
        raise refused(400, "msg_too_long")
    problem = check(message.attachments)
    if problem:
        raise refused(400, "invalid_blocks")
    raw = body.decode()
    read = read_mrkdwn if message.mrkdwn else read_plain
    cards = [_card(each, raw) for each in message.attachments]
    return [*([_text_card(read(message.text).text, raw)] if message.text else []), *cards]


def mentions(body: bytes) -> list[str]:
    """Return whom a request calls, that is taken."""
    message = _decoder.decode(body)
    shown = [read_mrkdwn(message.text)] if message.mrkdwn else []
    for attachment in message.attachments:
        shown += [
            read_mrkdwn(text.text)
            for block in attachment.blocks
            for text in texts_of(block)
            if text.type == "mrkdwn"
        ]
    return [name for each in shown for name in each.mentions]


def refused(status: int, word: str) -> RefusedError:
    """Return a refusal: a word of text."""
    return RefusedError(text_reply(status, word))


def _card(attachment: Attachment, raw: str) -> InboxCard:
    title = ""
    lines: list[str] = []
    fields: list[tuple[str, str]] = []
    footer = ""
    for block in attachment.blocks:
        read = [
            (read_mrkdwn if text.type == "mrkdwn" else read_plain)(text.text).text
            for text in texts_of(block)
        ]
        match block.type:
            case "header" if not title:
                title = read[0]
            case "context":
                footer = " ".join(read)
                lines.append(footer)
            case _ if block.fields:
                split = [text.partition("\n") for text in read]
                fields += [(name, value) for name, _, value in split]
            case _:
                lines += read
    if footer and lines and lines[-1] == footer:
        lines.pop()
    color = attachment.color
    return InboxCard(
        id=0,
        kind="slack",
        time="",
        title=title or None,
        text="\n".join(lines),
        color=int(color[1:], 16) if color else None,
        fields=tuple(fields),
        footer=footer or None,
        raw=raw,
    )


def _text_card(text: str, raw: str) -> InboxCard:
    return InboxCard(id=0, kind="slack", time="", title=None, text=text, raw=raw)


def _read(body: bytes, place: Mapping[str, str]) -> Sequence[InboxCard]:
    if place["last"] == "revoked":
        raise refused(404, "no_service")
    return judge(body)


STAND_IN = StandIn(
    paths=(r"/services/{team:T\w+}/{hook:B\w+}/{last:\w+}",),
    read=_read,
    accepted=text_reply(200, "ok"),
    limited=lambda _, seconds: text_reply(
        429, '{"ok":false,"error":"rate_limited"}', {"Retry-After": f"{max(seconds, 1):.0f}"}
    ),
    failed=text_reply(500, "rollup_error"),
)
