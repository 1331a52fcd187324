"""Tells which hosts belong together: one party has registered them, and answers for them."""

from ipaddress import IPv6Address, ip_address

_SECOND_LEVEL = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gov", "mil", "ne", "net", "nom", "or", "org"}
)
"""Below a country's domain, names are registered below one of these (``co.uk``, ``com.cn``)."""
_COUNTRY_LENGTH = 2
_NETWORK_OF_ONE = 64  # bits: who has an IPv6 address has all of its network


def registered_domain(host: str) -> str:
    """Return the domain that a host's name was registered as part of, near enough.

    Near enough to keep one party from taking everybody's share: no list of all public suffixes is
    kept for that, so hosts of one provider (``a.github.io``, ``b.github.io``) count as one party.

    Args:
        host: A name in ASCII, or an address without brackets. An IPv4 address is its own domain, an
            IPv6 address that of its network.
    """
    try:
        address = ip_address(host)
    except ValueError:
        labels = host.lower().rstrip(".").split(".")
        is_country = len(labels[-1]) == _COUNTRY_LENGTH
        depth = 3 if is_country and labels[-2:-1] and labels[-2] in _SECOND_LEVEL else 2
        return ".".join(labels[-depth:])
    if isinstance(address, IPv6Address):
        shift = address.max_prefixlen - _NETWORK_OF_ONE
        return f"{IPv6Address(int(address) >> shift << shift)}/{_NETWORK_OF_ONE}"
    return host
