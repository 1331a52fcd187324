"""Feishu's signature: in the body, and with the key where others have the message."""

import base64
import hmac


def sign(secret: str, seconds: str) -> str:
    """Return the signature of one attempt.

    Args:
        seconds: Since the epoch, as the body says them.
    """
    digest = hmac.digest(f"{seconds}\n{secret}".encode(), b"", "sha256")
    return base64.b64encode(digest).decode()
