"""The envelope (v1): what the original's producers send."""

from typing import Annotated, Any

import msgspec

from app.policies.parsing.addressing import address_envelope
from app.policies.parsing.common import Common, assemble
from app.policies.parsing.extras import KwargsWire, make_extras
from app.policies.parsing.fitting import DECIDES
from app.policies.parsing.reading import Reading, read_content_type
from app.policies.parsing.saying import say
from app.values.notification import Metadata, Notification


class MetadataWire(msgspec.Struct, gc=False):
    """``metadata``; the original's producers write null for what they do not know."""

    user_uuid: Annotated[str | None, DECIDES] = None
    template_id: str | None = None
    title: str | None = None


class Envelope(Common, kw_only=True, gc=False):
    """The whole record. Keys not named here are ignored."""

    content: Annotated[str | None, DECIDES] = None
    channels: Annotated[str | list[Any] | None, DECIDES] = None
    content_type: Any = None
    metadata: MetadataWire | None = None
    kwargs: KwargsWire | None = None
    message_type: Any = None


_NO_METADATA = MetadataWire()
_NOTHING_TOLD = Metadata()


def from_envelope(envelope: Envelope, reading: Reading) -> Notification:
    """Read an envelope. An unknown ``metadata.user_uuid`` is no error.

    Raises:
        InvalidRecordError: There is no content, or no channel.
        UnroutableError: It names no channel that is known.
        TemplateError: It has no content, and the template that it names is unknown or failed.
    """
    notes = reading.notes
    metadata, told = _NO_METADATA, _NOTHING_TOLD
    if envelope.metadata is not None:
        metadata = envelope.metadata
        told = Metadata(metadata.user_uuid, metadata.template_id, metadata.title)
    said = say(
        envelope.content,
        metadata.title or None,
        read_content_type(envelope.content_type, notes),
        make_extras(envelope.kwargs, notes),
        metadata.template_id,
        reading,
    )
    requests = address_envelope(
        envelope.channels,
        envelope.kwargs,
        metadata.user_uuid,
        reading.recipients,
        reading.channels,
    )
    return assemble(envelope, said, requests, told, reading)
