import pytest

from app.policies.addresses.proxies import Proxies, ProxyError, find_proxies, is_bypassed

SETTING = "NOTIFIER_WEBHOOK__PROXY"


def found(environ: dict[str, str], proxy: str | None = None) -> Proxies | None:
    """Return what is in force."""
    return find_proxies(proxy, None, environ, SETTING)


@pytest.mark.parametrize(
    ("environ", "http", "https"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, None, "http://p:1"),
        ({"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"}, None, "http://p:1"),
        ({"http_proxy": "p:1"}, "http://p:1", None),
        ({"HTTP_PROXY": "p:1"}, "http://p:1", None),
        ({"ALL_PROXY": "socks5://p:1"}, "socks5://p:1", "socks5://p:1"),
        ({"all_proxy": "socks5h://p", "https_proxy": "http://q"}, "socks5h://p", "http://q"),
        ({"HTTPS_PROXY": " "}, None, None),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, None, None),
    ],
)
def test_the_environment_is_read_as_httpx_reads_it(
    environ: dict[str, str], http: str | None, https: str | None
) -> None:
    """Lower case first, bare addresses are HTTP proxies, CGI's header is none."""
    proxies = found(environ)
    assert (proxies and proxies.http, proxies and proxies.https) == (http, https)


def test_the_setting_goes_before_the_environment() -> None:
    """It is for both schemes; what the environment excepts stays excepted."""
    proxies = found({"HTTPS_PROXY": "http://q:1", "NO_PROXY": "a.example"}, "socks5://p:1")
    assert proxies is not None
    assert (proxies.http, proxies.https, proxies.source) == ("socks5://p:1",) * 2 + (SETTING,)
    assert not proxies.from_environment
    assert proxies.proxy_for("https", "hooks.example", 443) == "socks5://p:1"
    assert proxies.proxy_for("https", "a.example", 443) is None


@pytest.mark.parametrize(
    "text",
    [
        "socks4://p:1",
        "ftp://p",
        "http://",
        "http://p:0",
        "http://p:x",
        "http://p/path",
        "http://[::1",
    ],
)
def test_what_is_no_proxy_is_refused_by_its_name(text: str) -> None:
    """The error names the variable and shows nothing of its value."""
    with pytest.raises(ProxyError, match=r"^HTTPS_PROXY: is not the address") as caught:
        found({"HTTPS_PROXY": text.replace("p", "secret", 1) if text == "ftp://p" else text})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "host", "port", "bypassed"),
    [
        ("*", "anything.example", 443, True),
        ("example.com", "example.com", 443, True),
        ("example.com", "hooks.EXAMPLE.com.", 443, True),
        ("example.com", "badexample.com", 443, False),
        (".example.com", "hooks.example.com", 443, True),
        (".example.com", "example.com", 443, False),
        ("*.example.com", "hooks.example.com", 443, True),
        ("example.com:8443", "example.com", 8443, True),
        ("example.com:8443", "example.com", 443, False),
        ("https://example.com", "example.com", 443, True),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("::1", "::1", 443, True),
        ("[::1]", "[::1]", 443, True),
        ("fd00::/8", "fd12::1", 443, True),
        ("localhost", "localhost", 80, True),
        ("a b", "a", 80, False),
        ("", "a", 80, False),
    ],
)
def test_what_no_proxy_names(entry: str, host: str, port: int, bypassed: bool) -> None:
    """Hosts, domains, networks, ports."""
    assert is_bypassed((entry,), host, port) is bypassed


def test_a_description_has_no_password() -> None:
    """Host and port are shown, and where the proxy was named."""
    proxies = found({"HTTPS_PROXY": "http://user:p%40ss@proxy:3128", "no_proxy": "a, b"})
    assert proxies is not None
    assert proxies.describe() == (
        "https:// through http://proxy:3128, except to a, b (from HTTPS_PROXY)"
    )
    assert proxies.secret_values() == {"http://user:p%40ss@proxy:3128", "p%40ss", "p@ss"}
    same = found({"ALL_PROXY": "socks5://p:1"})
    assert same is not None
    assert same.describe() == "through socks5://p:1 (from ALL_PROXY)"
    assert same.secret_values() == frozenset()
