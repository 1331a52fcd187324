"""Requests as bytes: a URL is parsed once, and no foreign text can add a header."""

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import unquote

import httpx
import msgspec

from app.edges.http.port import HttpRequestError
from app.policies.addresses.webhook_headers import RESERVED
from app.policies.headers.identifiers import USER_AGENT

_UNUSABLE = "this is not a usable URL"
_PORTS = {"http": 80, "https": 443}
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
_ONLY_NUMBERS = re.compile(r"[0-9.]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
AUTHORIZATION = "Authorization"
_FIXED_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": USER_AGENT,
}


class Origin(NamedTuple):
    """The other end of a connection.

    Attributes:
        tls: Whether it is encrypted.
        host: A name in ASCII, or an address without brackets.
        port: The port.
    """

    tls: bool
    host: str
    port: int


class Target(msgspec.Struct, frozen=True):
    """The parts of a request that depend on its URL alone.

    Attributes:
        url: The URL without its credentials; secret.
        origin: Whom to connect to.
        headers: Those that every request has.
        head: The beginning of every request, up to the length of its body.
    """

    url: httpx.URL
    origin: Origin
    headers: Mapping[str, str]
    head: bytes


def parse_target(url: str) -> Target:
    """Read a webhook's URL.

    Raises:
        HttpRequestError: It cannot be used for a request.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise HttpRequestError(_UNUSABLE) from None
    if parsed.scheme not in _PORTS or not parsed.raw_host:
        raise HttpRequestError("the URL must begin with http:// or https:// and name a host")
    port = _PORTS[parsed.scheme] if parsed.port is None else parsed.port
    origin = Origin(parsed.scheme == "https", parsed.raw_host.decode("ascii"), port)
    if not _can_be_connected_to(origin):
        raise HttpRequestError(_UNUSABLE)
    headers = {"Host": parsed.netloc.decode("ascii"), **_FIXED_HEADERS}
    if parsed.userinfo:
        headers[AUTHORIZATION] = _basic_auth(parsed.userinfo)
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    # httpx has refused control characters and encoded everything else that is not ASCII.
    start = f"POST {parsed.raw_path.decode('ascii')} HTTP/1.1\r\n"
    head = f"{start}{''.join(lines)}Content-Length: ".encode("ascii")
    return Target(parsed.copy_with(userinfo=b""), origin, headers, head)


def compose(target: Target, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a whole request.

    Args:
        target: Where it goes.
        body: The JSON text.
        headers: Further headers.

    Raises:
        HttpRequestError: A header cannot be sent.
    """
    further = encode_headers(target, headers)
    return b"%b%d\r\n%b\r\n%b" % (target.head, len(body), further, body)


def encode_headers(target: Target, headers: Mapping[str, str]) -> bytes:
    r"""Return header lines, each of them one line: CR, LF and NUL are no printable characters.

    Raises:
        HttpRequestError: A header cannot be sent.
    """
    if AUTHORIZATION in target.headers and any(name.title() == AUTHORIZATION for name in headers):
        raise HttpRequestError("the URL has a name and password, and a header has others")
    _check_names(tuple(headers))
    lines = ""
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise HttpRequestError(f"the value of the header {name!a} cannot be sent")
        lines += f"{name}: {value}\r\n"
    return lines.encode("ascii")


@lru_cache(maxsize=256)
def _check_names(names: tuple[str, ...]) -> None:
    for name in names:
        if not _TOKEN.fullmatch(name) or name.lower() in RESERVED:
            raise HttpRequestError(f"the header {name!a} cannot be sent")


def _can_be_connected_to(origin: Origin) -> bool:
    """Say whether there is a host and a port, both in the usual form.

    Some programs read incomplete numbers (``127.1``) as an IPv4 address, others do not.
    """
    if not 0 < origin.port < 65536:
        return False
    try:
        if ":" in origin.host:
            return IPv6Address(origin.host).scope_id is None
        if _ONLY_NUMBERS.fullmatch(origin.host):
            return bool(IPv4Address(origin.host).compressed)
    except ValueError:
        return False
    return _HOST_NAME.fullmatch(origin.host) is not None


def _basic_auth(userinfo: bytes) -> str:
    name, _, password = userinfo.decode("ascii").partition(":")
    credentials = f"{unquote(name)}:{unquote(password)}".encode()
    return f"Basic {b64encode(credentials).decode('ascii')}"
