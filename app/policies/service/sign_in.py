"""Sign-ins of the pages (docs/contract.md#access): a cookie that says who, and holds no key. Pure.

It is signed with what all keys together give, so that every worker with the same keys takes it, and
none does any more once one of them is exchanged.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

LIFETIME = 12 * 3600
"""Seconds that a sign-in is good for."""
ENDED_AT_MOST = 10_000
"""Sign-ins that are remembered as ended; each is forgotten when it would have expired anyway."""
_LONGEST = 1_000  # characters of a cookie's value that are looked at


class SignIn(msgspec.Struct, frozen=True, array_like=True):
    """Who signed in."""

    name: str
    expires: int  # seconds since the epoch
    nonce: str  # tells this sign-in from every other one


class Seal:
    """Makes and reads cookies.

    Args:
        digests: SHA-256 of every key.
    """

    def __init__(self, digests: Iterable[bytes]) -> None:
        self._secret = hashlib.sha256(b"sign-in\0" + b"".join(sorted(digests))).digest()
        of_this = hashlib.sha256(b"cookie\0" + self._secret).hexdigest()
        # Cookies do not know ports: two services on one machine must not end each other's sign-ins.
        self.cookie = f"notifier-{of_this[:12]}"

    def issue(self, name: str, now: float, nonce: str) -> str:
        """Return a cookie's value.

        Args:
            now: Seconds since the epoch.
        """
        body = msgspec.json.encode(SignIn(name, int(now) + LIFETIME, nonce))
        return f"{_text(body)}.{_text(self._sign(body))}"

    def read(self, value: str, now: float) -> SignIn | None:
        """Return the content of a cookie, or None if it is not ours or has expired."""
        body, _, signature = value[:_LONGEST].partition(".")
        try:
            said, signed = _bytes(body), _bytes(signature)
            if not hmac.compare_digest(signed, self._sign(said)):
                return None
            sign_in = msgspec.json.decode(said, type=SignIn)
        except (binascii.Error, ValueError):
            return None
        return sign_in if now < sign_in.expires else None

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, body, "sha256")


class Ended:
    """Sign-ins that were ended here before they expired."""

    def __init__(self) -> None:
        self._ended: dict[str, int] = {}

    def add(self, sign_in: SignIn, now: float) -> None:
        """Take no more requests with this one.

        The first may stand before one that expires sooner, which is then kept as long.
        """
        self._ended[sign_in.nonce] = sign_in.expires
        while self._ended:
            nonce, expires = next(iter(self._ended.items()))
            if now < expires and len(self._ended) <= ENDED_AT_MOST:
                break
            del self._ended[nonce]

    def __contains__(self, sign_in: SignIn) -> bool:
        return sign_in.nonce in self._ended


def way_back(path: str) -> str:
    """Return where a sign-in leads to: a page of this service, whatever was asked for."""
    parts = urlsplit(path.strip())
    is_own = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    steers = "\\" in path or any(ord(letter) < 0x20 for letter in path)
    if not is_own or steers or path.startswith("//") or parts.path == "/sign-in":
        return "/"
    return path.strip()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
