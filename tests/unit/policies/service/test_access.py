from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.service.access import (
    Access,
    Caller,
    bearer,
    is_forwarded,
    is_loopback,
    refusal,
    split_key,
)

OPEN = Access.of()
LOCKED = Access.of(["first key", "second key"])
LOCAL = Caller(method="GET", path="/stats", client="127.0.0.1", host="127.0.0.1:8000")


def caller(**changes: Any) -> Caller:
    """Return a request from this machine, with changes."""
    return msgspec.structs.replace(LOCAL, **changes)


@pytest.mark.parametrize(
    ("client", "host"),
    [
        ("127.0.0.1", "127.0.0.1:8000"),
        ("127.0.0.1", "localhost"),
        ("127.0.0.1", "LocalHost:8000"),
        ("127.8.8.8", "127.0.0.1"),
        ("::1", "[::1]:8000"),
        ("::1", "[::1]"),
        ("::ffff:127.0.0.1", "127.0.0.1:8000"),
    ],
)
def test_without_keys_this_machine_is_served(client: str, host: str) -> None:
    """A loopback peer that asks for a loopback host is served."""
    assert refusal(OPEN, caller(client=client, host=host)) is None


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "localhost.evil.com",
        "evil.com",
        "evil.com:8000",
        "127.0.0.1.evil.com",
        "127.0.0.1@evil.com",
        "evil.com#localhost",
        "localhost:80:80",
        "localhost:http",
        "localhost/",
        "[::1",
        "[::1]evil.com",
        "0.0.0.0",
        "192.168.1.1",
        "::1",
        "2130706433",
    ],
)
def test_without_keys_a_foreign_host_is_refused(host: str | None) -> None:
    """A name that resolves to loopback does not let a web page in."""
    refused = refusal(OPEN, caller(host=host))
    assert refused is not None
    assert refused.status == 403
    assert "NOTIFIER_API_KEYS" in refused.detail


@pytest.mark.parametrize(
    "client", [None, "", "192.168.1.7", "8.8.8.8", "::2", "::ffff:8.8.8.8", "localhost", "testing"]
)
def test_without_keys_another_machine_is_refused(client: str | None) -> None:
    """Whoever is not on this machine needs a key that is not there."""
    refused = refusal(OPEN, caller(client=client))
    assert refused is not None
    assert refused.status == 403


@pytest.mark.parametrize("access", [OPEN, LOCKED])
@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health_is_open_to_everybody(access: Access, path: str) -> None:
    """Probes need neither key nor loopback."""
    assert refusal(access, caller(path=path, client="8.8.8.8", host="anything")) is None


@pytest.mark.parametrize("path", ["/healthy", "/health.json", "//health", "/stats/health"])
def test_only_health_itself_is_open(path: str) -> None:
    """Paths that look like health are as closed as any other."""
    assert refusal(LOCKED, caller(path=path)) is not None


@pytest.mark.parametrize("key", ["first key", "second key"])
def test_every_key_opens(key: str) -> None:
    """With a key, requests from anywhere to any host are served."""
    assert refusal(LOCKED, caller(credential=key, client="8.8.8.8", host="n.example")) is None


@pytest.mark.parametrize("key", [None, "", "first", "first key ", "FIRST KEY", "third key", "ключ"])
def test_without_a_known_key_nobody_is_served(key: str | None) -> None:
    """With keys set, this machine needs one as well."""
    refused = refusal(LOCKED, caller(credential=key))
    assert refused is not None
    assert refused.status == 401


@given(st.text())
def test_only_the_keys_themselves_are_allowed(key: str) -> None:
    """No other text passes, and none makes the comparison fail."""
    names = {"first key": "key 1", "second key": "key 2", "third key": "ops"}
    assert Access.of(["first key", "second key", "ops=third key"]).name_of(key) == names.get(key)


@pytest.mark.parametrize(
    ("given", "name", "key"),
    [
        ("ops=0123456789abcdef", "ops", "0123456789abcdef"),
        ("on-call@night.shift=a=b", "on-call@night.shift", "a=b"),
        ("运维=key", "运维", "key"),
        ("0123456789abcdef", "", "0123456789abcdef"),
        ("MDEyMzQ1Njc4OWFiY2RlZg==", "", "MDEyMzQ1Njc4OWFiY2RlZg=="),
        ("ops=MDEyMzQ1Njc4OWFiY2RlZg==", "ops", "MDEyMzQ1Njc4OWFiY2RlZg=="),
        ("a/b+c=rest", "", "a/b+c=rest"),
        ("=", "", "="),
        ("", "", ""),
    ],
)
def test_a_key_may_have_a_name(given: str, name: str, key: str) -> None:
    """It stands before the key; the padding of base64 makes none of what is before it."""
    assert split_key(given) == (name, key)


def test_rules_do_not_hold_the_keys() -> None:
    """What could be shown by accident is a digest."""
    assert "first key" not in repr(LOCKED)


def test_metrics_are_open_by_setting_alone() -> None:
    """The setting opens /metrics and nothing else."""
    access = Access.of(["key"], metrics_open=True)
    assert refusal(access, caller(path="/metrics", client="8.8.8.8")) is None
    assert refusal(access, caller(path="/metrics/x")) is not None
    assert refusal(access, caller(path="/stats")) is not None
    assert refusal(LOCKED, caller(path="/metrics")) is not None


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("http", "127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http", "localhost", "http://localhost"),
        ("http", "localhost:80", "http://localhost"),
        ("http", "localhost", "http://localhost:80"),
        ("http", "LOCALHOST", "http://localhost"),
        ("https", "localhost", "https://localhost:443"),
        ("http", "[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_own_origin_may_change_things(scheme: str, host: str, origin: str) -> None:
    """Scheme, host and port decide, with the scheme's default port."""
    assert refusal(OPEN, caller(method="POST", scheme=scheme, host=host, origin=origin)) is None


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.com",
        "http://127.0.0.1:8001",
        "http://127.0.0.1",
        "https://127.0.0.1:8000",
        "http://localhost:8000",
        "http://127.0.0.1:8000.evil.com",
        "http://127.0.0.1:99999",
        "file://",
        "chrome-extension://abc",
        "http://[::1",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "post"])
def test_a_foreign_origin_changes_nothing(method: str, origin: str) -> None:
    """A page of another origin is refused, whatever key it carries."""
    foreign = caller(method=method, path="/stop", origin=origin, credential="first key")
    for access in (OPEN, LOCKED):
        refused = refusal(access, foreign)
        assert refused is not None
        assert refused.status == 403
        assert "origin" in refused.detail


def test_a_request_without_a_host_has_no_own_origin() -> None:
    """With nothing to compare an origin to, it is foreign."""
    refused = refusal(LOCKED, caller(method="POST", host=None, origin="null", credential="k"))
    assert refused is not None
    assert refused.status == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_from_a_foreign_origin_is_no_change(method: str) -> None:
    """The browser itself keeps the answer from the other page."""
    read = caller(method=method, origin="http://evil.com", fetch_site="cross-site")
    assert refusal(OPEN, read) is None


@pytest.mark.parametrize(
    ("site", "is_served"),
    [("same-origin", True), ("none", True), ("same-site", False), ("cross-site", False)],
)
def test_the_browsers_word_on_the_origin_counts(site: str, is_served: bool) -> None:
    """Behind a proxy that ends TLS, Sec-Fetch-Site knows better than the Origin header."""
    change = caller(method="POST", origin="https://127.0.0.1:8000", fetch_site=site)
    assert (refusal(OPEN, change) is None) is is_served


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic abc", None),
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("Bearer  abc ", "abc"),
        ("Bearer first key", "first key"),
    ],
)
def test_the_token_of_an_authorization_header(header: str | None, token: str | None) -> None:
    """Only the Bearer scheme carries a key, in any case."""
    assert bearer(header) == token


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-for", "x-forwarded-host", "forwarded", "via", "x-real-ip", "cf-connecting-ip"],
)
def test_a_proxys_requests_are_not_this_machines(header: str) -> None:
    """Its peer is loopback, and so may be the Host that it sends."""
    assert is_forwarded("1.1", ["host", header])
    assert is_forwarded("1.0", ["host"])
    assert not is_forwarded("1.1", ["host", "user-agent", "x-api-key", "origin"])
    refused = refusal(OPEN, caller(is_forwarded=True))
    assert refused is not None
    assert (refused.status, "NOTIFIER_API_KEYS" in refused.detail) == (403, True)
    assert refusal(OPEN, caller(is_forwarded=True, path="/health")) is None
    assert refusal(LOCKED, caller(is_forwarded=True, credential="first key")) is None


@pytest.mark.parametrize("path", ["/stop", "/health", "/"])
@pytest.mark.parametrize("access", [OPEN, LOCKED])
def test_a_workers_webhooks_are_not_taken(access: Access, path: str) -> None:
    """What leads back here by way of somebody else changes nothing."""
    sent = caller(
        method="POST", path=path, user_agent="notification-worker", credential="first key"
    )
    refused = refusal(access, sent)
    assert refused is not None
    assert refused.status == 421


@pytest.mark.parametrize(
    ("client", "is_served"), [("127.0.0.1", True), ("192.168.1.7", False), (None, False)]
)
def test_closed_to_other_machines(client: str | None, is_served: bool) -> None:
    """Production under an unknown server serves them nothing at all, unless there is a key."""
    closed = Access.of(closed=True)
    refused = refusal(closed, caller(client=client, path="/health"))
    assert (refused is None) == is_served
    assert refused is None or refused.for_operator
    with_key = Access.of(["first key"], closed=True)
    assert refusal(with_key, caller(client=client, path="/health")) is None


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
)
def test_what_stands_for_this_machine(host: str) -> None:
    """Names and addresses, in any spelling that servers take."""
    assert is_loopback(host)
    assert not is_loopback(f"{host}.example")
