"""Keys that sign webhooks, as the Standard Webhooks libraries write them."""

import base64

MIN_KEY_BYTES = 24
_SECRET_PREFIX = "whsec_"  # noqa: S105 -- the prefix, not a secret


def signing_key(secret: str) -> bytes:
    """Return the key that a secret stands for, as the Standard Webhooks libraries read it.

    Args:
        secret: Base64, with or without padding, with or without ``whsec_`` before it.

    Raises:
        ValueError: It is something else, or too short; the text does not quote it.
    """
    text = secret.removeprefix(_SECRET_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:  # binascii's error is one
        raise ValueError("is not base64, with or without whsec_ before it") from None
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(
            f"stands for {len(key)} bytes, which are too few to be safe; take {MIN_KEY_BYTES} or"
            " more: openssl rand -base64 32"
        )
    return key
