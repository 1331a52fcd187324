import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.addresses.host_names import address_literal, ascii_host


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
