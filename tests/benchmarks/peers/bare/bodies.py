"""From a record to a request: one pass of msgspec each way."""

import msgspec


class Metadata(msgspec.Struct):
    """Of an envelope."""

    title: str | None = None


class Target(msgspec.Struct):
    """Of an envelope: ``kwargs``."""

    webhook_url: str
    url: str | None = None


class Envelope(msgspec.Struct):
    """What is on the topic."""

    message_id: str
    content: str
    timestamp: str
    kwargs: Target
    content_type: str = "text"
    priority: int = 1
    metadata: Metadata = msgspec.field(default_factory=Metadata)


class Data(msgspec.Struct, omit_defaults=True):
    """Of a body."""

    message_id: str
    content: str
    content_type: str
    priority: int
    title: str | None = None
    url: str | None = None


class Body(msgspec.Struct):
    """The Standard Webhooks form."""

    timestamp: str
    data: Data
    type: str = "notification"


_decode = msgspec.json.Decoder(Envelope).decode
_encode = msgspec.json.Encoder().encode


def request(value: bytes) -> tuple[str, bytes]:
    """The URL and the body of the request that a record asks for."""
    envelope = _decode(value)
    data = Data(
        message_id=envelope.message_id,
        content=envelope.content,
        content_type=envelope.content_type,
        priority=envelope.priority,
        title=envelope.metadata.title,
        url=envelope.kwargs.url,
    )
    return envelope.kwargs.webhook_url, _encode(Body(envelope.timestamp, data))
