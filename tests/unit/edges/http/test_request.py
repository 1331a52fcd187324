"""Requests as bytes."""

import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edges.http.port import HttpRequestError
from app.edges.http.request import Origin, compose, encode_headers, parse_target

LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [ -~]*")


def test_a_whole_request() -> None:
    """Head, length, further headers and body, as they go over the wire."""
    target = parse_target("https://Hooks.example/a/b?c=d#e")
    assert compose(target, b'{"a":1}', {"webhook-id": "7"}) == (
        b"POST /a/b?c=d HTTP/1.1\r\n"
        b"Host: hooks.example\r\n"
        b"Content-Type: application/json\r\n"
        b"Accept: */*\r\n"
        b"Accept-Encoding: identity\r\n"
        b"User-Agent: notification-worker\r\n"
        b"Content-Length: 7\r\n"
        b"webhook-id: 7\r\n"
        b"\r\n"
        b'{"a":1}'
    )


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("http://a", "a", Origin(tls=False, host="a", port=80)),
        ("https://a", "a", Origin(tls=True, host="a", port=443)),
        ("http://a:80/", "a", Origin(tls=False, host="a", port=80)),
        ("https://a:443/", "a", Origin(tls=True, host="a", port=443)),
        ("http://a:443/", "a:443", Origin(tls=False, host="a", port=443)),
        (
            "HTTPS://A.Example:8443/",
            "a.example:8443",
            Origin(tls=True, host="a.example", port=8443),
        ),
        ("http://a.example./", "a.example.", Origin(tls=False, host="a.example.", port=80)),
        ("http://my_hook/", "my_hook", Origin(tls=False, host="my_hook", port=80)),
        (
            "http://bücher.de/",
            "xn--bcher-kva.de",
            Origin(tls=False, host="xn--bcher-kva.de", port=80),
        ),
        ("http://1.2.3.4:81/", "1.2.3.4:81", Origin(tls=False, host="1.2.3.4", port=81)),
        ("http://[::1]/", "[::1]", Origin(tls=False, host="::1", port=80)),
        (
            "https://[2606:4700::1]:8443/",
            "[2606:4700::1]:8443",
            Origin(tls=True, host="2606:4700::1", port=8443),
        ),
        ("http://user:secret@a:81/", "a:81", Origin(tls=False, host="a", port=81)),
    ],
)
def test_host_and_origin(url: str, host: str, origin: Origin) -> None:
    """The port is named unless it is the usual one, IPv6 has brackets, credentials are left out."""
    target = parse_target(url)
    assert target.origin == origin
    assert b"\r\nHost: %b\r\n" % host.encode() in target.head


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://a", b"/"),
        ("http://a?b", b"/?b"),
        ("http://a/b c/ü?x=ö y#z", b"/b%20c/%C3%BC?x=%C3%B6%20y"),
        ("http://a/%0d%0aX:%20y", b"/%0d%0aX:%20y"),
        ("http://a/b/../c", b"/c"),
    ],
)
def test_the_path_is_one_word(url: str, path: bytes) -> None:
    """What is not ASCII is encoded, what is encoded stays, and the fragment is nobody's business."""
    assert parse_target(url).head.startswith(b"POST %b HTTP/1.1\r\n" % path)


@pytest.mark.parametrize(
    ("userinfo", "credentials"),
    [
        ("me:pass", "me:pass"),
        ("me", "me:"),
        (":pass", ":pass"),
        ("a%40b:c%3Ad", "a@b:c:d"),
        ("grüß:%E2%82%AC", "grüß:€"),
    ],
)
def test_credentials(userinfo: str, credentials: str) -> None:
    """They become a header, and are taken out of the URL."""
    target = parse_target(f"http://{userinfo}@a/")
    scheme, _, encoded = target.headers["Authorization"].partition(" ")
    assert (scheme, b64decode(encoded).decode()) == ("Basic", credentials)
    assert str(target.url) == "http://a/"


@pytest.mark.parametrize(
    "url",
    [
        "http://a:0/",
        "http://a:65536/",
        "http://a..b/",
        "http://.a/",
        f"http://{'a' * 64}.b/",
        f"http://{'a.' * 127}a/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://01.2.3.4/",
        "http://[fe80::1%25eth0]/",
        "http://[::g]/",
        "http://*/",
        "http://a%20b/",
        "http://a/\r\nX: y",
        "http://a/\x00",
        "http://a/\ud800",
        "ws://a/",
        "//a/",
    ],
)
def test_what_no_request_can_be_made_of(url: str) -> None:
    """Hosts that cannot exist, forms that are read in several ways, and control characters."""
    with pytest.raises(HttpRequestError):
        parse_target(url)


@given(
    st.text() | st.text().map(lambda rest: f"https://a/{rest}") | st.text().map("http://{}".format)
)
def test_no_url_gets_out_of_its_line(url: str) -> None:
    """Of any text there is an error, or a head of lines as they must be."""
    try:
        head = parse_target(url).head
    except HttpRequestError:
        return
    first, *lines, last = head.split(b"\r\n")
    assert re.fullmatch(rb"POST /[!-~]* HTTP/1\.1", first)
    assert len(lines) == 5 + (b"Authorization: " in head)
    assert all(map(LINE.fullmatch, lines))
    assert last == b"Content-Length: "


ANYWHERE = parse_target("https://hooks.example/")


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nY: b"},
        {"X": "a\nb"},
        {"X": "a\rb"},
        {"X": "a\0b"},
        {"X": "a\x7f"},
        {"X": "ü"},
        {"X": "\ud800"},
        {"X\r\nY": "a"},
        {"X:": "a"},
        {"X ": "a"},
        {"": "a"},
        {"Ü": "a"},
        {"Host": "a"},
        {"content-LENGTH": "1"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "close"},
        {"User-Agent": "me"},
    ],
)
def test_headers_that_are_not_sent(headers: dict[str, str]) -> None:
    """Nothing gets out of its line, and what the port says nobody else says."""
    with pytest.raises(HttpRequestError, match="cannot be sent"):
        encode_headers(ANYWHERE, headers)


def test_one_request_says_once_who_sends_it() -> None:
    """A URL with name and password leaves no room for a header that says otherwise."""
    headers = {"authorization": "Bearer token"}
    assert encode_headers(ANYWHERE, headers) == b"authorization: Bearer token\r\n"
    with pytest.raises(HttpRequestError, match="name and password"):
        encode_headers(parse_target("https://me:pass@hooks.example/"), headers)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_no_header_gets_out_of_its_line(headers: dict[str, str]) -> None:
    """Of any headers there is an error, or just as many lines."""
    try:
        encoded = encode_headers(ANYWHERE, headers)
    except HttpRequestError:
        return
    *lines, last = encoded.split(b"\r\n")
    assert len(lines) == len(headers)
    assert all(map(LINE.fullmatch, lines))
    assert last == b""
