"""Host names as DNS has them."""

import re
from ipaddress import ip_address

import idna

MAX_LENGTH = 253  # RFC 1035, section 2.3.4, as text and without the root's dot

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


def address_literal(address: str) -> str:
    """Return an address as mail takes it: ``[192.0.2.1]``, ``[IPv6:2001:db8::1]``."""
    parsed = ip_address(address.partition("%")[0])
    return f"[IPv6:{parsed}]" if parsed.version == 6 else f"[{parsed}]"


def _mapped(name: str) -> str:
    """Fold case, widths and kinds of dots, as browsers do (UTS 46)."""
    return idna.uts46_remap(name, std3_rules=False, transitional=False)


def _ascii_label(label: str) -> str:
    return label if label.isascii() else idna.alabel(label).decode()
