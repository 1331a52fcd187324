"""A message that the development inbox received."""

import msgspec


class InboxCard(msgspec.Struct, frozen=True):
    """Something the inbox received.

    Attributes:
        id: Grows with every arrival.
        kind: How it is shown: ``email``, ``webhook``, or the name of a chat service.
        time: ISO 8601 UTC.
        title: An embed's title or a mail's subject.
        text: Embed description, content, or the mail's text part.
        color: 0xRRGGBB or None.
        fields: (name, value) of an embed.
        html: The mail's HTML alternative, or None. Untrusted: show it only in a sandbox.
        raw: The request's body or the mail's source.
    """

    id: int
    kind: str
    time: str
    title: str | None
    text: str
    color: int | None = None
    fields: tuple[tuple[str, str], ...] = ()
    footer: str | None = None
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    html: str | None = None
    raw: str = ""
