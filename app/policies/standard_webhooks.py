"""The Standard Webhooks form: JSON body, headers and signature (contract sections 3 and 10)."""

import base64
import binascii
import hmac
from datetime import UTC, datetime

import msgspec

from app.values.errors import SettingsError
from app.values.notification import Field, Metadata, Notification

_SECRET_PREFIX = "whsec_"  # noqa: S105 -- the prefix, not a secret


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


_encoder = msgspec.json.Encoder()


def encode(notification: Notification, now: float) -> bytes:
    """Return the body of one request.

    Args:
        notification: What to say.
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


def headers(webhook_id: str, now: float, body: bytes, key: bytes | None) -> dict[str, str]:
    """Return the headers of one attempt.

    Args:
        webhook_id: Stable over retries, redeliveries and replays.
        now: Seconds since the epoch, when the attempt is made.
        body: The request's body, exactly as it is sent.
        key: From ``signing_key``; None leaves the signature out.
    """
    timestamp = str(int(now))
    said = {"webhook-id": webhook_id, "webhook-timestamp": timestamp}
    if key is not None:
        signed = f"{webhook_id}.{timestamp}.".encode() + body
        signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        said["webhook-signature"] = f"v1,{signature}"
    return said


def signing_key(secret: str) -> bytes:
    """Return the key that a secret stands for: base64 after ``whsec_``, else the text itself.

    Raises:
        SettingsError: What follows ``whsec_`` is not base64.
    """
    if not secret.startswith(_SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise SettingsError(
            "NOTIFIER_WEBHOOK__SIGNING_SECRET: what follows whsec_ is not base64"
        ) from None
