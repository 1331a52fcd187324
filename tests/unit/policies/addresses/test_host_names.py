import socket
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.addresses.host_names import address_literal, ascii_host, host_of_url


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [
        ("Mail.Example", "mail.example"),
        ("example.com.", "example.com."),
        ("my_host", "my_host"),
        ("192.0.2.1", "192.0.2.1"),
        ("XN--FA-HIA.example", "xn--fa-hia.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("FAẞ.example", "xn--fa-hia.example"),
        ("fass.example", "fass.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("نامه\u200cای.example", "xn--mgba3gch31f060k.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BU\u0308CHER.example", "xn--bcher-kva.example"),
        ("例子。中国", "xn--fsqu00a.xn--fiqs8s"),
        ("my_host.bücher.example", "my_host.xn--bcher-kva.example"),
        ("ｅｘａｍｐｌｅ．com", "example.com"),
        ("１２７.0.0.1", "127.0.0.1"),
    ],
)
def test_a_name_is_what_idna_2008_makes_of_it(name: str, ascii_name: str) -> None:
    """ß, final sigma and joiners stay letters of their own; case, widths and dots are folded."""
    assert ascii_host(name) == ascii_name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        ".a",
        "a..b",
        "a b",
        "a/b",
        "a:b",
        "[::1]",
        "ex%61mple",
        "a" * 64,
        "ä" * 60,
        "a." * 127 + "bcd",
        "☕.example",
        "\u0661a.example",
        "a\u2024\u2024b",
        "a\ud800.example",
        "\u200b",
    ],
)
def test_what_is_no_host_name_is_refused(name: str) -> None:
    """With an error of one kind, whatever the fault."""
    with pytest.raises(ValueError, match=r".+"):
        ascii_host(name)


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("Example.com", "example.com"),
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1.", "192.0.2.1"),
        ("127.1", "127.0.0.1"),
        ("10.1.515", "10.1.2.3"),
        ("0x7f.1", "127.0.0.1"),
        ("0x7F000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("010.0.0.1", "8.0.0.1"),
        ("0x", "0.0.0.0"),
        ("0", "0.0.0.0"),
        ("１２７.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("0:0::FFFF:a00:1", "10.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("0x7f.example", "0x7f.example"),
        ("1.2.3.4a", "1.2.3.4a"),
        ("7f000001.", "7f000001."),
    ],
)
def test_a_host_of_a_url_has_one_spelling(host: str, normal: str) -> None:
    """Whoever connects reads an address in all of these, and no other may be seen in it."""
    assert host_of_url(host) == normal


@pytest.mark.parametrize(
    "host",
    [
        "1.2.3.4.5",
        "256.0.0.1",
        "1.2.3.256",
        "4294967296",
        "08.1",
        "1_0.1",
        "0o7.1",
        "0x7_f.1",
        "a.1",
        "a.0x1",
        "::g",
    ],
)
def test_what_ends_in_a_number_and_is_no_address_is_no_host(host: str) -> None:
    """There is no such top-level domain: it would be read as one thing here, as another there."""
    with pytest.raises(ValueError, match=r".+"):
        host_of_url(host)


@given(st.integers(0, 2**32 - 1))
def test_every_spelling_is_the_one_that_the_system_reads(number: int) -> None:
    """As ``inet_aton`` has it, which connections go by."""
    first, rest = divmod(number, 2**24)
    for host in (str(number), hex(number), f"{first}.{rest}", f"0{first:o}.{rest:#x}"):
        assert socket.inet_aton(host) == IPv4Address(host_of_url(host)).packed


@given(st.text() | st.from_regex(r"\w{1,20}\.example"))
def test_a_name_that_was_read_reads_the_same_again(name: str) -> None:
    """What comes out is ASCII, and stays as it is."""
    try:
        once = ascii_host(name)
    except ValueError:
        return
    assert once.isascii()
    assert ascii_host(once) == once


@pytest.mark.parametrize(
    ("address", "literal"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
    ],
)
def test_an_address_is_said_in_brackets(address: str, literal: str) -> None:
    """RFC 5321, section 4.1.3."""
    assert address_literal(address) == literal
