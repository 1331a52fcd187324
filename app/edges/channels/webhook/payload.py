"""The Standard Webhooks form: body, headers, signature (docs/contract.md#webhook-requests)."""

import base64
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from app.policies.texts.notes import ATTACHMENTS, Notes
from app.values.note import Note
from app.values.notification import Field, Metadata, Notification


class _Data(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    message_id: str | None = None
    title: str | None = None
    content: str
    content_type: str
    priority: int
    color: int | None = None
    fields: tuple[Field, ...] = ()
    url: str | None = None
    metadata: Metadata = Metadata()


class _Body(msgspec.Struct, frozen=True):
    type: str
    timestamp: datetime
    data: _Data


LIGHT = 131_072
"""Characters; a larger notification is encoded and signed in a thread."""
_FRAME = 32  # characters around a field's own


_encoder = msgspec.json.Encoder()


def is_heavy(notification: Notification) -> bool:
    """Say whether a notification takes long to encode and to sign, by its texts."""
    metadata = notification.metadata
    size = len(notification.content) + len(notification.message_id or "")
    size += len(notification.title or "") + len(notification.url or "")
    size += len(metadata.user_uuid or "") + len(metadata.template_id or "")
    size += len(metadata.title or "")
    for each in notification.fields:
        size += len(each.name) + len(each.value) + _FRAME
    return size > LIGHT


def encode(notification: Notification, now: float) -> bytes:
    """Return the body of one request.

    Args:
        now: Seconds since the epoch, for notifications without a time of their own.
    """
    moment = notification.timestamp if notification.timestamp is not None else now
    data = _Data(
        message_id=notification.message_id,
        title=notification.title,
        content=notification.content,
        content_type=notification.content_type,
        priority=notification.priority,
        color=notification.color,
        fields=notification.fields,
        url=notification.url,
        metadata=notification.metadata,
    )
    return _encoder.encode(_Body("notification", datetime.fromtimestamp(moment, UTC), data))


def left_out(notification: Notification) -> tuple[Note, ...]:
    """Return notes on what has no place in the form."""
    author, footer, embeds = notification.author, notification.footer, notification.embeds
    attachments = notification.mail.attachments
    if not (author or footer or embeds or attachments):
        return ()
    said = {"author": author, "footer": footer, "embeds": embeds, ATTACHMENTS: attachments}
    notes = Notes()
    for field in (name for name, given in said.items() if given):
        notes.left_out(field, "the form of Standard Webhooks has no place for it")
    return notes.all()


def headers(webhook_id: str, now: float, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """Return the headers of one attempt.

    Args:
        webhook_id: Stable over retries, redeliveries and replays.
        now: Seconds since the epoch, when the attempt is made.
        body: The request's body, exactly as it is sent.
        keys: From ``signing_key``; each signs, so that a receiver may know the old key or the new
            one. Without any the signature is left out.
    """
    timestamp = str(int(now))
    said = {"webhook-id": webhook_id, "webhook-timestamp": timestamp}
    if keys:
        signed = f"{webhook_id}.{timestamp}.".encode() + body
        digests = (hmac.digest(key, signed, "sha256") for key in keys)
        signatures = (f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
        said["webhook-signature"] = " ".join(signatures)
    return said
