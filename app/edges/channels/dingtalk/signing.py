"""DingTalk's signature: in the query."""

import base64
import hmac


def sign(secret: str, milliseconds: str) -> str:
    """Return the signature of one attempt, in base64.

    Args:
        milliseconds: Since the epoch, as the query says them.
    """
    digest = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), "sha256")
    return base64.b64encode(digest).decode()
