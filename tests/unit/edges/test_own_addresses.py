import socket

import pytest

from app.edges.own_addresses import OwnAddresses

PORT = 8000


def covers(listening: str, host: str) -> bool:
    """Say whether a server that listens there is reached there."""
    return OwnAddresses(lambda: [(listening, PORT)]).covers(host, PORT)


@pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "::ffff:0.0.0.0"])
def test_loopback_is_known_however_it_is_written(host: str) -> None:
    """What the kernel takes to 127.0.0.1 leads to who listens there."""
    assert covers("127.0.0.1", host)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.2", "127.255.255.254", "::ffff:127.8.8.8", "0.0.0.0"]
)
def test_a_server_at_every_address_is_reached_at_each(host: str) -> None:
    """All of the machine's own addresses lead to it."""
    assert covers("0.0.0.0", host)
    assert covers("::", host)


def test_ipv6() -> None:
    """Its loopback and its unspecified address are one place, which IPv4 alone is not."""
    assert covers("::1", "::1")
    assert covers("::1", "::")
    assert covers("::", "::1")
    assert not covers("0.0.0.0", "::1")


@pytest.mark.parametrize("host", ["127.0.0.2", "::1", "192.0.2.7", "1.1.1.1"])
def test_others_at_the_same_port_are_not_meant(host: str) -> None:
    """Another address is somebody else."""
    assert not covers("127.0.0.1", host)


@pytest.mark.parametrize("host", ["192.0.2.7", "1.1.1.1", "2001:db8::1"])
def test_other_machines_are_not_this_one(host: str) -> None:
    """Who listens everywhere listens on this machine alone."""
    assert not covers("0.0.0.0", host)
    assert not covers("::", host)


def test_another_port_is_another_program() -> None:
    """The inbox and every other server of this machine stay reachable."""
    assert not OwnAddresses(lambda: [("0.0.0.0", PORT)]).covers("127.0.0.1", PORT + 1)


def test_what_a_request_came_in_by_is_learned() -> None:
    """A server that nobody can ask tells it by what it serves."""
    own = OwnAddresses()
    assert not own.known
    assert not own.covers("127.0.0.1", PORT)
    own.learn("127.0.0.1", PORT)
    assert own.covers("127.0.0.1", PORT)


def url(*listening: tuple[str, int], towards: str = "127.0.0.1:9092") -> str | None:
    """Return the address that is told of a server that listens there."""
    return OwnAddresses(lambda: listening).url(towards)


def test_others_are_told_the_address() -> None:
    """As a link has it."""
    assert url(("10.0.0.1", 8000)) == "http://10.0.0.1:8000"
    assert url(("fd00::1", 8000)) == "http://[fd00::1]:8000"
    assert OwnAddresses(lambda: [("10.0.0.1", 8443)], "https").url("") == "https://10.0.0.1:8443"
    assert url() is None


def test_of_a_server_at_every_address_the_one_is_told_that_leads_to_kafka() -> None:
    """Others reach that as well; of a broker that nobody knows, the machine's name stands."""
    assert url(("0.0.0.0", 8000)) == "http://127.0.0.1:8000"
    assert url(("0.0.0.0", 8000), towards="nobody.invalid:1,127.0.0.1:9092") == (
        "http://127.0.0.1:8000"
    )
    assert url(("::", 8000), towards="what:is:this") == f"http://{socket.gethostname()}:8000"


def test_what_a_request_came_in_by_is_told_if_nothing_else_is_known() -> None:
    """Not every server can be asked."""
    own = OwnAddresses()
    assert own.url("") is None
    own.learn("10.0.0.1", 8000)
    assert own.url("") == "http://10.0.0.1:8000"
