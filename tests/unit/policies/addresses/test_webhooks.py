import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.addresses.webhooks import normalise_webhook
from app.values.errors import UnroutableError


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://example.com/a", "https://example.com/a"),
        ("HTTPS://Example.COM:443/A?b=C#d", "https://example.com/A?b=C"),
        ("http://example.com:80", "http://example.com/"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("http://[::1]:9/a", "http://[::1]:9/a"),
        ("http://[0:0::1]/a", "http://[::1]/a"),
        ("http://127.1/a", "http://127.0.0.1/a"),
        ("http://0x7F.1:8000/a", "http://127.0.0.1:8000/a"),
        ("http://2130706433/a", "http://127.0.0.1/a"),
        ("http://[::ffff:127.0.0.1]/a", "http://127.0.0.1/a"),
        ("http://[::FFFF:7f00:1]:9/a", "http://127.0.0.1:9/a"),
        ("https://例子.cn/a", "https://xn--fsqu00a.cn/a"),
        ("https://faß.example/a", "https://xn--fa-hia.example/a"),
        ("http://my_host/a", "http://my_host/a"),
        ("https://User:p%40ss@Example.com:443/a", "https://User:p%40ss@example.com/a"),
        ("https://token@example.com/a", "https://token@example.com/a"),
    ],
)
def test_a_webhook_url_has_one_spelling(url: str, normal: str) -> None:
    """Case of scheme and host, default port and fragment make no other destination."""
    assert normalise_webhook(url) == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "secret",
        "secret.example.com/a",
        "ftp://secret/a",
        "javascript:secret",
        "https:///secret",
        "https://user:secret@/a",
        "https://example.com/secret a",
        "https://example.com/secret\r\nX: y",
        "https://example.com\\secret",
        "https://example.com:0/secret",
        "https://example.com:99999/secret",
        "https://example.com:x/secret",
        "https://[::1/secret",
        "https://[::secret]/",
        "https://a..b/secret",
        "https://1.2.3.256/secret",
        "https://4294967296/secret",
        "https://" + "a" * 64 + ".com/secret",
        "https://exa%6dple.com/secret",
        "https://example.com/secret" + "a" * 3000,
    ],
)
def test_an_unusable_webhook_url_is_refused_without_being_shown(url: str) -> None:
    """The error says what is wrong and keeps the secret."""
    with pytest.raises(UnroutableError) as caught:
        normalise_webhook(url)
    assert "secret" not in str(caught.value)


@settings(deadline=None)
@given(st.text() | st.text().map("https://{}".format) | st.from_regex(r"https?://[^/]+/.*"))
def test_any_webhook_url_is_normalised_for_good_or_refused(url: str) -> None:
    """What comes out is usable and stays as it is."""
    try:
        normal = normalise_webhook(url)
    except UnroutableError:
        return
    assert normal.startswith(("http://", "https://"))
    assert normalise_webhook(normal) == normal
