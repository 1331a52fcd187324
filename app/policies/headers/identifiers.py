"""How this service's deliveries are known: ids that are the same over retries and replays."""

import hashlib

USER_AGENT = "notification-worker"
"""The ``User-Agent`` of webhooks' requests."""


def webhook_id(source: str, digest: bytes, address: str) -> str:
    """Return the Standard Webhooks ``webhook-id`` of a notification at one destination.

    Args:
        source: The ``message_id``, else the record's origin coordinates.
        digest: SHA-256 of the origin record's value.
        address: The destination's address; it cannot be told from the id.
    """
    return f"msg_{_fingerprint(source, digest, address)}"


def mail_message_id(source: str, digest: bytes, address: str, domain: str) -> str:
    """Return an RFC 5322 ``Message-ID``, derived the same way.

    Args:
        source: The ``message_id``, else the record's origin coordinates.
        digest: SHA-256 of the origin record's value.
        address: Tells this mail from the notification's other deliveries.
        domain: The part after the ``@``.
    """
    return f"<{_fingerprint(source, digest, address)}@{domain}>"


def _fingerprint(source: str, digest: bytes, address: str) -> str:
    name = source.encode()
    whole = b"%b%d:%b%b" % (digest, len(name), name, address.encode())
    return hashlib.sha256(whole).hexdigest()[:32]
