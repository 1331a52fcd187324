"""What is hidden of texts, in whatever encoding it occurs."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.redaction import MASK, Secrets, scrub, veil
from tests.support.channels import KNOWN

ADDRESS = "https://discord.com/api/webhooks/1234567890/s3cret-token"
SHOWN = "https://discord.com/api/webhooks/1234567890/***"


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("nothing here", (), "nothing here"),
        (
            "POST HTTPS://discord.com/api/webhooks/1/secret failed",
            (),
            "POST https://discord.com/api/webhooks/1/*** failed",
        ),
        ("path '/api/v9/webhooks/1/secret' failed", (), "path '/api/v9/webhooks/1/***' failed"),
        (
            "no route to /T000/secret?a=b here",
            ("https://hooks.example.com/T000/secret?a=b",),
            "no route to *** here",
        ),
        ("login with pass and password", ("pass", "password", ""), "login with *** and ***"),
        ("https://example.com", ("https://example.com/",), "https://example.com"),
    ],
)
def test_free_text_is_scrubbed(text: str, secrets: tuple[str, ...], shown: str) -> None:
    """URLs in exceptions are redacted, named secrets wherever they stand."""
    assert scrub(text, Secrets(secrets, forms=KNOWN.forms)) == shown


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": json.dumps,
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON with escaped slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON, every character": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "percent": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: quote(text, safe="").replace("%2F", "%2f"),
    "percent of everything": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "a form": quote_plus,
    "percent in JSON": lambda text: json.dumps({"url": quote(text, safe="")}),
    "HTML": html.escape,
    "HTML by numbers": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "HTML in JSON": lambda text: json.dumps(html.escape(text)),
    "repr": repr,
}
PASSWORDS = ["hunter2", "tok3n9", "p@ss/w0rd&<more>", "two words", 'a"quote\\slash']


@pytest.mark.parametrize("secret", PASSWORDS)
@pytest.mark.parametrize("name", ENCODINGS)
def test_a_known_secret_is_hidden_in_every_encoding(name: str, secret: str) -> None:
    """Even where one encoding is within another; what stands around it stays."""
    encode = ENCODINGS[name]
    shown = scrub(f"before ({encode(secret)}) after", [secret])
    assert encode(secret).strip("\"'") not in shown
    assert shown.startswith("before (")
    assert shown.endswith(") after")
    assert MASK in shown
    assert veil(f"before ({encode(secret)}) after", Secrets([secret])) == shown


@pytest.mark.parametrize("secret", ["pässword", "密码是四五六", "emoji 🔑 key"])
@pytest.mark.parametrize(
    "name",
    ["plain", "JSON", "JSON in UTF-8", "percent", "a form", "percent in JSON", "HTML", "repr"],
)
def test_a_secret_that_is_not_ascii_is_hidden_too(name: str, secret: str) -> None:
    """In every encoding in which programs write what is not ASCII."""
    encoded = ENCODINGS[name](secret)
    assert encoded.strip("\"'") not in scrub(f"({encoded})", [secret])


@pytest.mark.parametrize("secret", ["tok3n", "hunter2", "p@ss/w0rd&<more>", "pässword"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("user", ["", "u", "me", "a.user@example.com"])
def test_a_login_in_base64_is_hidden(
    secret: str, encode: Callable[[bytes], bytes], user: str
) -> None:
    """SMTP's and Kafka's PLAIN, and HTTP's Basic, wherever the password comes to stand in it."""
    for login in (f"\0{user}\0{secret}", f"{user}:{secret}"):
        line = encode(login.encode()).decode()
        assert scrub(f"535 {line} not accepted", [secret]) == f"535 {MASK} not accepted"


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_base64_is_found_at_every_position(before: bytes, after: bytes) -> None:
    """Whatever is encoded with it."""
    secret = "correct horse"
    shown = scrub(f"<{b64encode(before + secret.encode() + after).decode()}>", [secret])
    assert shown == f"<{MASK}>"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://hooks.example.com/in/tok3n9", "no such hook: tok3n9"),
        ("https://hooks.example.com/in/tok3n9?k=v", "GET /in/tok3n9?k=v"),
        ("https://hooks.example.com/in?key=tok3n9", "the key tok3n9 is unknown"),
        ("https://hooks.example.com/in?tok3n9", "what is tok3n9?"),
        ("https://hooks.example.com?tok3n9", "what is tok3n9?"),
        ("https://tok3n9@hooks.example.com/", "user tok3n9"),
        ("https://user:tok3n9@hooks.example.com/", "Basic dXNlcjp0b2szbjk="),
        ("https://hooks.example.com/a/tok%33n9", "a/tok3n9"),
        ("https://t.example/bot123456:tok3n9/sendMessage", "bot tok3n9"),
        ("https://hooks.example.com/x/t0k3", "t0k3 is not known"),
    ],
)
def test_a_token_of_a_url_is_hidden_wherever_it_stands(url: str, said: str) -> None:
    """A server that repeats a part of the address gives nothing away, short parts included."""
    shown = scrub(said, [url])
    assert "tok3n9" not in shown
    assert "t0k3" not in shown
    assert "dXNlcjp0b2szbjk=" not in shown
    assert MASK in shown


def test_ordinary_words_of_an_address_are_no_tokens() -> None:
    """Otherwise no error could be read: what a path is made of stays."""
    url = "https://hooks.example.com/api/v2/webhooks/2024/in/s3cret?test=true"
    said = "HTTP 404: no webhooks in the api since 2024, v2 is true"
    assert scrub(said, [url]) == said


def test_a_password_with_a_slash_in_a_url() -> None:
    """Then the host is not where it seems to be."""
    secret = "p@ss/word"
    shown = scrub(f"cannot connect to https://user:{secret}@mail.example", [secret])
    assert "ss" not in shown.removeprefix("cannot connect to https")
    assert "word" not in shown


CHAT_SERVICES = [
    (ADDRESS, SHOWN),
    (ADDRESS.replace("/api/", "/api/v10/"), SHOWN.replace("/api/", "/api/v10/")),
    (f"{ADDRESS}?thread_id=5", SHOWN),
    ("https://relay.example/api/webhooks/1/s3cret", "https://relay.example/api/webhooks/1/***"),
    (
        "https://open.feishu.cn/open-apis/bot/v2/hook/s3cret-1",
        "https://open.feishu.cn/open-apis/bot/v2/hook/***",
    ),
    (
        "https://oapi.dingtalk.com/robot/send?access_token=s3cret&x=1",
        "https://oapi.dingtalk.com/robot/send?access_token=***&x=1",
    ),
    (
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=s3cret",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=***",
    ),
    (
        "https://api.telegram.org/bot123456:AAs3cretAAAAAAAAAAAAAAAAA/sendMessage?chat_id=5",
        "https://api.telegram.org/bot123456:***/sendMessage?chat_id=5",
    ),
    (
        "https://hooks.slack.com/services/T0AB/B0CD/s3cret",
        "https://hooks.slack.com/services/T0AB/B0CD/***",
    ),
    ("https://chat.example/hooks/s3cretaaaaaaaaaaaaaaaaaaaa", "https://chat.example/hooks/***"),
    ("https://x.example/workflows/1/triggers/manual?sig=s3cret", None),
    ("https://user:s3cret@example.com/a", "https://***@example.com/a"),
    ("mysql://root:s3cret@db/ginkgo", "mysql://***@db/ginkgo"),
    ("https://api.day.app/s3cret/title", "https://api.day.app/***/title"),
    ("https://sctapi.ftqq.com/s3cret.send", "https://sctapi.ftqq.com/***.send"),
    ("Authorization: Bearer s3cret-s3cret-s3cret", "Authorization: Bearer ***"),
    ("api_key=s3cret", "api_key=***"),
]


@pytest.mark.parametrize(("written", "shown"), CHAT_SERVICES)
def test_addresses_of_chat_services_in_what_people_write(written: str, shown: str | None) -> None:
    """A title that holds one shows where it leads, and not the way in."""
    hidden = veil(written, KNOWN.secrets)
    assert veil(f"see {written} there", KNOWN.secrets) == f"see {shown or hidden} there"
    assert "s3cret" not in hidden
    assert "s3cret" not in veil(written)
    assert "s3cret" not in scrub(written)
    for encode in ENCODINGS.values():
        if "%" not in written:
            assert "s3cret" not in veil(encode(written), KNOWN.secrets)


@pytest.mark.parametrize(
    "text",
    [
        "see https://example.com/a/b?page=2 and mail trader@example.com",
        "https://discord.com/channels/1/2",
        "https://docs.example.com/hooks/guide",
        "交易信号: AAPL 📈 突破关键位，建议关注 100% & more",
        "Basic authentication failed for user 5; the key is missing",
        r"C:\\path\\new, 50%25 &amp; &copy; \u4e2d",
        '{"ordering_key": "a", "message_id": "token-of-love", "content": "a secret: none"}',
        '{"secret": null, "headers": true}',
        "key=value, token ring, sign = +",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Links to elsewhere, ordinary words, and escapes that hide nothing."""
    assert veil(text) == text


@pytest.mark.parametrize(
    "value",
    [
        '{"webhook_url": "https://h.example/s3cret"}',
        r'{"webhook\u005furl": "https://h.example/s3cret"}',
        r'{"\u0077ebhook_url" : "https://h.example/\"/s3cret"}',
        '{"kwargs": {"secret": "s3cret", "x": 1}}',
        '{"kwargs": {"secret": 123.5, "headers": {"X-Key": "s3cret", "y": [{"z": "s3cret"}]}}}',
        '{"headers": ["s3cret", "a }{ b", "s3cret"], "x": 1}',
        '{"password": "s3cret',
        '{"headers": {"a": "s3cret"',
        "{'webhook_url': 'https://h.example/s3cret'}",
        "webhook_url=https%3A%2F%2Fh.example%2Fs3cret&x=1",
        "webhook_url: https://h.example/s3cret",
        json.dumps({"content": json.dumps({"webhook_url": "https://h.example/s3cret"})}),
        '{"a": ["x", ":", "y"], "token": "s3cret"}',
    ],
)
def test_marked_values_are_hidden(value: str) -> None:
    """A record is shown with the names of its members, not with what is secret in them."""
    shown = veil(value)
    assert "s3cret" not in shown
    assert "123.5" not in shown
    assert MASK in shown
    assert veil(shown) == shown


def test_what_stands_beside_a_marked_value_stays() -> None:
    """Nothing else of a record is lost."""
    value = '{"a": "b", "kwargs": {"secret": "s", "headers": {"k": "v"}, "color": 5}, "z": [1]}'
    assert veil(value) == (
        '{"a": "b", "kwargs": {"secret": "***", "headers": {***}, "color": 5}, "z": [1]}'
    )


def test_a_login_that_a_server_repeats() -> None:
    """Although nobody has said what the password is."""
    assert scrub("502 what is AUTH PLAIN AGEAYg==?") == "502 what is AUTH PLAIN ***"


@given(st.text())
def test_anything_can_be_shown(text: str) -> None:
    """And what was shown is shown again as it is."""
    for shown in (scrub(text, ["secret"]), veil(text)):
        assert veil(shown) == shown


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(list(ENCODINGS)))
def test_nothing_around_a_secret_makes_it_visible(before: str, after: str, name: str) -> None:
    """Whatever it stands between."""
    secret = "Tr0ub4dor-and-3"
    assert secret not in scrub(before + ENCODINGS[name](secret) + after, [secret])


@pytest.mark.parametrize("mark", [":", ",", ";", ".", ".:"])
@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.example.com/in/s3cret",
        "https://hooks.example.com/***#a1d43a",
        "https://discord.com/api/webhooks/1/t0ken",
        "https://discord.com/api/webhooks/1/***",
        "http://127.0.0.1:4318",
        "http://[::1]",
    ],
)
def test_a_mark_after_an_address_is_the_sentences(address: str, mark: str) -> None:
    """It stays, and the address has the name that it has everywhere else, however often."""
    name = KNOWN.secrets.forms.redact(address)
    said = f"{name}{mark} expired"
    assert scrub(f"{address}{mark} expired", KNOWN.secrets) == said
    assert scrub(said, KNOWN.secrets) == said
    assert scrub(f"{address}{mark}", KNOWN.secrets) == f"{name}{mark}"
