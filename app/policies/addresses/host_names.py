"""Host names as DNS has them, and addresses in their one spelling."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

import idna

MAX_LENGTH = 253  # RFC 1035, section 2.3.4, as text and without the root's dot

_LAST_IS_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_MOST_PARTS = 4
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")


def ascii_host(name: str) -> str:
    """Return a host name in lower-case ASCII, each label beyond ASCII as IDNA 2008 has it.

    IDNA 2003, which Python's own codec speaks, writes ``ss`` for ``ß``: another owner's name.
    Labels in ASCII stay as they are, underscores and ``xn--`` included.

    Raises:
        ValueError: It is no host name.
    """
    if not name.isascii():
        name = ".".join(map(_ascii_label, _mapped(name).split(".")))
    name = name.lower()
    if len(name.removesuffix(".")) > MAX_LENGTH or not _NAME.fullmatch(name):
        raise ValueError("not a host name")
    return name


def host_of_url(host: str) -> str:
    """Return the one spelling of a URL's host, without brackets: of a name or an address.

    Whoever connects takes ``127.1``, ``0x7f.1`` and ``2130706433`` for ``127.0.0.1``, and IPv4
    within IPv6 leads there as well: guard, lanes and reports must not see other hosts in them.

    Raises:
        ValueError: It is no host.
    """
    if ":" in host:
        address = IPv6Address(host)
        return str(address.ipv4_mapped or address)
    name = ascii_host(host)
    return str(_ipv4(name)) if _LAST_IS_NUMBER.fullmatch(name) else name


def _ipv4(text: str) -> IPv4Address:
    """Read an address as the URL standard and ``inet_aton`` do.

    Up to four numbers, decimal, octal or hexadecimal; the last one fills all bytes that are left.

    Raises:
        ValueError: It is none, and no name either.
    """
    *first, last = map(_number, text.removesuffix(".").split("."))
    left = _MOST_PARTS - len(first)
    if left < 1 or any(part > 0xFF for part in first) or last >= 1 << 8 * left:
        raise ValueError("not a host name")
    value = last
    for place, part in enumerate(first):
        value += part << 8 * (3 - place)
    return IPv4Address(value)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a host name")
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


def address_literal(address: str) -> str:
    """Return an address as mail takes it: ``[192.0.2.1]``, ``[IPv6:2001:db8::1]``."""
    parsed = ip_address(address.partition("%")[0])
    return f"[IPv6:{parsed}]" if parsed.version == 6 else f"[{parsed}]"


def _mapped(name: str) -> str:
    """Fold case, widths and kinds of dots, as browsers do (UTS 46)."""
    return idna.uts46_remap(name, std3_rules=False, transitional=False)


def _ascii_label(label: str) -> str:
    return label if label.isascii() else idna.alabel(label).decode()
