"""The outbound address guard."""

import socket
from ipaddress import ip_address, ip_network

import pytest

from app.edges.guard import AddressGuard, GuardedResolver, is_public
from app.edges.own_addresses import OwnAddresses
from app.values.errors import ForbiddenAddressError

PUBLIC = [
    "1.1.1.1",
    "162.159.128.233",
    "2606:4700:4700::1111",
    "2002:0101:0101::1",  # 6to4 of 1.1.1.1
    "64:ff9b::1.1.1.1",
    "::ffff:1.1.1.1",
]

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "233.252.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # IPv4-compatible 127.0.0.1
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "2001:db8::1",
    "2002:7f00:0001::1",  # 6to4 of 127.0.0.1
    "2002:a00:1::",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "4000::1",
]


@pytest.mark.parametrize("host", PUBLIC)
def test_allows_public(host: str) -> None:
    """Public addresses may be connected to, however they are written."""
    assert AddressGuard().allows(host, 443)


@pytest.mark.parametrize("host", PRIVATE)
def test_refuses_private(host: str) -> None:
    """Whatever is not public is refused, also in disguise."""
    assert not AddressGuard().allows(host, 443)


@pytest.mark.parametrize("host", ["localhost", "discord.com", "", "127.1", "0x7f000001"])
def test_refuses_what_is_not_a_numeric_address(host: str) -> None:
    """A name that nobody resolved is not connected to."""
    assert not AddressGuard().allows(host, 443)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("10.2.0.1", False),
        ("fd00::1", True),
        ("fd01::1", False),
    ],
)
def test_allowed_networks(host: str, allowed: bool) -> None:
    """The operator's networks are exempt, and no more than they."""
    guard = AddressGuard([ip_network("10.1.0.0/16"), ip_network("fd00::/64")])
    assert guard.allows(host, 80) is allowed


def test_exempt_address_is_exact() -> None:
    """The inbox's exemption holds for its own port alone."""
    guard = AddressGuard(exempt=frozenset({("127.0.0.1", 8025)}))
    assert guard.allows("127.0.0.1", 8025)
    assert not guard.allows("127.0.0.1", 8026)
    assert not guard.allows("127.0.0.2", 8025)


def test_is_public_judges_the_address_itself() -> None:
    """Multicast counts as reachable for ipaddress, but is no destination."""
    assert not is_public(ip_address("224.0.1.1"))


def test_open_socket_makes_the_socket_it_was_asked_for() -> None:
    """An allowed address gets a socket of its family."""
    guard = AddressGuard()
    with guard.open_socket(
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("1.1.1.1", 443))
    ) as opened:
        assert opened.family is socket.AF_INET


def test_open_socket_refuses_by_name() -> None:
    """The refusal names the address and the setting that opens it."""
    with pytest.raises(ForbiddenAddressError, match=r"10\.0\.0\.1 is not.*ALLOWED_NETWORKS"):
        AddressGuard().open_socket(
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("10.0.0.1", 443))
        )


async def test_resolver_refuses_a_name_with_private_addresses_only() -> None:
    """A name does not get around the guard."""
    with pytest.raises(ForbiddenAddressError):
        await GuardedResolver(AddressGuard()).resolve("localhost", 80)


async def test_resolver_leaves_out_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several addresses the public ones remain, in order."""
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 443))
        for host in ("10.0.0.1", "1.1.1.1", "127.0.0.1", "1.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    resolved = await GuardedResolver(AddressGuard()).resolve("mixed.example", 443)
    assert [each[4][0] for each in resolved] == ["1.1.1.1", "1.0.0.1"]


async def test_resolver_reports_unknown_names() -> None:
    """A name that does not exist is the resolver's own error."""
    with pytest.raises(socket.gaierror):
        await GuardedResolver(AddressGuard()).resolve("no-such-host.invalid", 443)


def test_never_leads_to_the_control_plane() -> None:
    """Whatever networks are allowed; the inbox at another port is connected to."""
    own = OwnAddresses(lambda: [("0.0.0.0", 8000)])
    guard = AddressGuard([ip_network("127.0.0.0/8")], frozenset({("127.0.0.1", 9000)}), own)
    kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    guard.open_socket((*kind, ("127.0.0.1", 9000))).close()
    with pytest.raises(ForbiddenAddressError, match="own control plane"):
        guard.open_socket((*kind, ("127.0.0.1", 8000)))


async def test_a_name_with_thousands_of_addresses_is_one_with_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a name server answers is neither kept nor told without bounds."""
    many = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"1.1.{number // 250}.{number % 250}", 443))
        for number in range(4000)
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: many)
    resolver = GuardedResolver(AddressGuard())
    assert len(await resolver.resolve("many.example", 443)) == 16
    private = [(*each[:4], ("10" + each[4][0][1:], 443)) for each in many]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: private)
    with pytest.raises(ForbiddenAddressError) as caught:
        await resolver.resolve("private.example", 443)
    assert len(str(caught.value)) < 200
