"""Who may use the control plane (docs/contract.md#access). Pure: facts in, refusal out."""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from app.policies.headers.identifiers import USER_AGENT
from app.policies.service.passes import Passes
from app.policies.service.sign_in import Seal

SIGN_IN = "/sign-in"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PROXIES = frozenset(
    {"forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip"}
)
_PROXY_PREFIXES = ("x-forwarded-", "x-original-", "x-envoy-", "x-amzn-", "cf-")
_NAME = re.compile(r"\w[\w.@-]{0,39}")
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\[\]:@/?#\s]+)(?::[0-9]*)?")


class Key(msgspec.Struct, frozen=True):
    """An API key, which itself is kept nowhere."""

    name: str  # whose it is, for the log and the page
    digest: bytes


class Access(msgspec.Struct, frozen=True):
    """The rules in force."""

    keys: tuple[Key, ...] = ()
    metrics_open: bool = False  # serve ``/metrics`` without a key
    # without keys, serve nothing at all to other machines, not even ``/health``: production,
    # under a server that did not tell its addresses
    closed: bool = False

    @property
    def seal(self) -> Seal:
        """The key that signs the cookies of those who have signed in."""
        return Seal(key.digest for key in self.keys)

    @property
    def passes(self) -> Passes:
        """Make and check what workers show each other."""
        return Passes(key.digest for key in self.keys)

    @classmethod
    def of(
        cls, keys: Iterable[str] = (), *, metrics_open: bool = False, closed: bool = False
    ) -> "Access":
        """Build the rules from the keys as they were set: ``key`` or ``name=key``."""
        named = enumerate(map(split_key, keys), 1)
        known = (Key(name or f"key {number}", _digest(key)) for number, (name, key) in named)
        return cls(tuple(known), metrics_open, closed)

    def name_of(self, key: str) -> str | None:
        """Return whose key that is, or None: compared with all, in a time that tells nothing."""
        digest = _digest(key)
        found = [known.name for known in self.keys if hmac.compare_digest(digest, known.digest)]
        return found[0] if found else None


class Caller(msgspec.Struct, frozen=True):
    """A request, as far as access depends on it."""

    method: str
    path: str
    scheme: str = "http"  # ``http`` or ``https``
    client: str | None = None  # the peer's address, or None if there is none (a Unix socket)
    host: str | None = None  # the ``Host`` header; None when it is missing or given twice
    credential: str | None = None
    signed_in: str | None = None  # whose sign-in its cookie is, or None
    has_pass: bool = False  # whether another worker shows a pass for just this
    origin: str | None = None
    fetch_site: str | None = None
    user_agent: str | None = None
    is_forwarded: bool = False  # whether somebody passed it on, so that the peer is not who asks


class Refusal(msgspec.Struct, frozen=True):
    """Why a request is not served."""

    status: int  # 401 when a key would help, else 403
    detail: str  # the fault, and its remedy
    # whether this is the operator's to put right, so that the log says it, too
    for_operator: bool = False


def split_key(given: str) -> tuple[str, str]:
    """Read ``name=key`` or a key alone, whose name is empty then.

    A key may end in ``=``, as base64 does; one that holds it elsewhere needs a name before it.
    """
    name, _, key = given.partition("=")
    return (name, key) if _NAME.fullmatch(name) and key.strip("=") else ("", given)


def bearer(authorization: str | None) -> str | None:
    """Return the token of an ``Authorization: Bearer …`` header, or None."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def is_forwarded(http_version: str, headers: Iterable[str]) -> bool:
    """Say whether a request looks passed on by a proxy.

    Args:
        http_version: ``1.0`` is what nginx speaks to the services behind it if it is told nothing,
            with a ``Host`` of its own making and no other sign; people's programs no longer do.
        headers: The names of its headers, in lower case.
    """
    return http_version == "1.0" or any(
        name in _PROXIES or name.startswith(_PROXY_PREFIXES) for name in headers
    )


def refusal(access: Access, caller: Caller) -> Refusal | None:
    """Decide whether a request is served: None, or why not."""
    if caller.user_agent == USER_AGENT:
        return Refusal(421, "This is a webhook of a notification worker, which no worker takes.")
    if access.closed and not access.keys and not _is_loopback_address(caller.client):
        return Refusal(
            403,
            "In production no other machine is served without an API key. Set NOTIFIER_API_KEYS,"
            " or let the server listen at 127.0.0.1 alone.",
            for_operator=True,
        )
    if _is_foreign(caller):
        return Refusal(
            403,
            "This request changes something and was sent by a page of another origin."
            " Send it from the status page, or from a program without an Origin header.",
        )
    if _is_open(access, caller.path):
        return None
    if access.keys:
        return _without_key(access, caller)
    return _from_elsewhere(caller)


def _is_open(access: Access, path: str) -> bool:
    if path == "/health" or path.startswith("/health/"):
        return True
    if path == SIGN_IN and access.keys:
        return True
    return access.metrics_open and path == "/metrics"


def _without_key(access: Access, caller: Caller) -> Refusal | None:
    if caller.credential is None and (caller.has_pass or caller.signed_in is not None):
        return None
    if caller.credential is None:
        return Refusal(
            401,
            "An API key is needed. Send it in the header X-API-Key, or as a bearer token in"
            f" Authorization, or sign in at {SIGN_IN} with a browser.",
        )
    if access.name_of(caller.credential) is None:
        return Refusal(401, "This API key is not known. Check it against NOTIFIER_API_KEYS.")
    return None


def _from_elsewhere(caller: Caller) -> Refusal | None:
    if caller.is_forwarded:
        return Refusal(
            403,
            "A proxy has passed this request on, and without an API key only this machine's own"
            " are served. Set NOTIFIER_API_KEYS to let others in.",
        )
    if not _is_loopback_address(caller.client):
        return Refusal(
            403,
            "Without an API key only requests from this machine are served."
            " Set NOTIFIER_API_KEYS to let others in.",
        )
    # A name that an attacker's server resolves to 127.0.0.1 arrives from loopback as well.
    match = _HOST.fullmatch(caller.host or "")
    if match is None or not is_loopback(match["name"]):
        return Refusal(
            403,
            "Without an API key only requests to localhost are served."
            " Ask for http://127.0.0.1, or set NOTIFIER_API_KEYS.",
        )
    return None


def _is_foreign(caller: Caller) -> bool:
    """Tell a state change that a page of another origin has sent."""
    if caller.method in SAFE_METHODS:
        return False
    # Only the browser itself sets this header, so it is worth more than a comparison that a
    # proxy in between (TLS outside, plain HTTP inside) can make fail.
    if caller.fetch_site is not None:
        return caller.fetch_site not in {"same-origin", "none"}
    if caller.origin is None:
        return False
    own = _origin(f"{caller.scheme}://{caller.host}")
    return own is None or _origin(caller.origin) != own


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None


def is_loopback(host: str) -> bool:
    """Say whether a name or an address, in brackets or not, stands for this machine alone."""
    return host.lower() == "localhost" or _is_loopback_address(host.strip("[]"))


def _is_loopback_address(text: str | None) -> bool:
    try:
        ip = ipaddress.ip_address(text or "")
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
