"""How each kind of value is read, and what is wrong with a bad one."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from app.settings.models import EmailSettings, KafkaSettings, LogSettings, Settings, WebhookSettings

SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"  # 24 bytes


def problem(model: type[BaseModel], **values: object) -> str:
    """Return the text of the one error that a model has with these values."""
    with pytest.raises(ValidationError) as caught:
        model(**values)
    errors = [e for e in caught.value.errors() if e["type"] != "default_factory_not_called"]
    assert len(errors) == 1
    return errors[0]["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("embedded", "embedded"),
        (" Embedded ", "embedded"),
        ("kafka", "kafka:9092"),
        ("kafka:9093", "kafka:9093"),
        ("a:1, b ,c_d.e-f:65535", "a:1,b:9092,c_d.e-f:65535"),
        ("10.0.0.1:9092", "10.0.0.1:9092"),
        ("[::1]", "[::1]:9092"),
        ("[2001:db8::1]:9094", "[2001:db8::1]:9094"),
        ('["a:1", "b"]', "a:1,b:9092"),
        (["a:1", "b"], "a:1,b:9092"),
    ],
)
def test_bootstrap_servers(given: object, read: str) -> None:
    """Every entry ends up with its port, 9092 where none is named."""
    assert KafkaSettings.model_validate({"bootstrap_servers": given}).bootstrap_servers == read


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("PLAINTEXT://kafka:9092", "entry 1 is not host:port"),
        ("a:1,user:pass@b:9092", "entry 2 is not host:port"),
        ("::1", "entry 1 is not host:port"),
        ("a b", "entry 1 is not host:port"),
        ("a:", "entry 1 is not host:port"),
        (":9092", "entry 1 is not host:port"),
        ("a:0", "entry 1 has a port outside"),
        ("a:65536", "entry 1 has a port outside"),
        ("[not]:1", "entry 1 has no IPv6 address"),
        (",", "must name host:port"),
        ('["a', "is not a valid JSON list"),
        ({"host": "a"}, "valid string"),
    ],
)
def test_bad_bootstrap_servers(given: object, says: str) -> None:
    """The bad entry is named by its place and never quoted: it may hold a password."""
    text = problem(KafkaSettings, bootstrap_servers=given)
    assert says in text
    assert "pass@" not in text


@pytest.mark.parametrize(
    "given", ["a,b", " a , b ,", '["a", "b"]', ["a", "b"], ("a", "b"), "a,b,a"]
)
def test_lists(given: object) -> None:
    """Lists come as JSON, separated by commas, or as lists; a topic is named once."""
    assert KafkaSettings.model_validate({"topics": given}).topics == ("a", "b")


@pytest.mark.parametrize("given", ["", ",", "[]", []])
def test_no_topics(given: object) -> None:
    """A worker without a topic has nothing to do."""
    assert problem(KafkaSettings, topics=given) == "must name at least one topic"


@pytest.mark.parametrize("given", ["a b", "a/b", "通知", ".", "..", "a" * 250])
def test_names_that_are_no_topic(given: str) -> None:
    """Kafka's own rule for topic names."""
    assert "is not a topic name" in problem(KafkaSettings, dead_letter_topic=given)


def test_the_longest_topic_name() -> None:
    """249 characters are still a topic name."""
    assert KafkaSettings(dead_letter_topic="a" * 249).dead_letter_topic == "a" * 249


def test_an_empty_group_is_refused() -> None:
    """Kafka has no group without a name."""
    assert problem(KafkaSettings, group_id="") == "must not be empty"


def test_words_in_any_case() -> None:
    """Words out of a fixed set are read in any case."""
    kafka = KafkaSettings.model_validate(
        {"security_protocol": "sasl_ssl", "sasl_mechanism": " plain", "auto_offset_reset": "LATEST"}
    )
    assert (kafka.security_protocol, kafka.sasl_mechanism) == ("SASL_SSL", "PLAIN")
    assert kafka.auto_offset_reset == "latest"
    assert "should be 'DEBUG'" in problem(LogSettings, level=7)
    assert "should be 'starttls'" in problem(EmailSettings, tls=True)


@pytest.mark.parametrize(
    "url",
    [
        "discord.com/api/webhooks/1/hush",
        "ftp://example.com/hush",
        "https:///hush",
        "https://[::1/hush",
        "https://example.com:0/hush",
        "https://example.com:port/hush",
        "https://example.com/hush hush",
        "https://example.com/hush\n",
    ],
)
def test_what_is_no_webhook_url(url: str) -> None:
    """The text of the refusal is fixed, so that it cannot hold the secret."""
    assert problem(WebhookSettings, default_url=url) == "is not a valid http:// or https:// URL"


def test_a_webhook_url_is_secret() -> None:
    """It is kept as it is and shown nowhere."""
    webhook = WebhookSettings.model_validate({"default_url": "https://example.com/hush"})
    assert webhook.default_url is not None
    assert webhook.default_url.get_secret_value() == "https://example.com/hush"
    assert "hush" not in repr(webhook)


def test_networks() -> None:
    """CIDRs of both families; an address alone is a network of one."""
    networks = (ip_network("10.0.0.0/8"), ip_network("127.0.0.1/32"), ip_network("fd00::/8"))
    read = WebhookSettings.model_validate({"allowed_networks": "10.0.0.0/8,127.0.0.1,fd00::/8"})
    assert read.allowed_networks == networks
    assert WebhookSettings(allowed_networks=networks).allowed_networks == networks


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("10.1.2.3/8", "has bits set to the right of its mask; write 10.0.0.0/8"),
        ("localhost", "is not a network such as 10.0.0.0/8"),
        ("10.0.0.0/33", "is not a network such as 10.0.0.0/8"),
    ],
)
def test_bad_networks(given: str, says: str) -> None:
    """A network with a slip of the pen is answered by what was meant."""
    assert problem(WebhookSettings, allowed_networks=given) == says


def test_mail_addresses() -> None:
    """With or without a display name."""
    email = EmailSettings.model_validate(
        {"from_address": "告警 <a@example.com>", "default_to": "b@example.com, C <c@example.com>"}
    )
    assert email.from_address == "告警 <a@example.com>"
    assert email.default_to == ("b@example.com", "C <c@example.com>")
    given = '"Doe, Jane" <a@faß.example>; b@example.com'
    email = EmailSettings.model_validate({"from_address": "a@faß.example", "default_to": given})
    assert email.default_to == ('"Doe, Jane" <a@faß.example>', "b@example.com")
    email = EmailSettings.model_validate({"default_to": '["a@example.com", "b@example.com"]'})
    assert email.default_to == ("a@example.com", "b@example.com")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("Notifier.Example.com", "notifier.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[2001:DB8::1]", "[IPv6:2001:db8::1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_helo_names(given: str, taken: str) -> None:
    """A host name, or an address in brackets as mail writes it."""
    assert EmailSettings(helo_name=given).helo_name == taken


@pytest.mark.parametrize("given", ["", "two words", "[192.0.2]", "a\r\nMAIL", "[x]"])
def test_bad_helo_names(given: str) -> None:
    """What EHLO would not take, or would take for two commands."""
    says = "is neither a host name nor an address in brackets"
    assert problem(EmailSettings, helo_name=given) == says


@pytest.mark.parametrize("given", ["", "somebody", "@example.com", "a@", "a@b\nBcc: c@d", "<>"])
def test_bad_mail_addresses(given: str) -> None:
    """No address, or one that would smuggle in a header."""
    assert problem(EmailSettings, from_address=given) == "is not an e-mail address"


@pytest.mark.parametrize("given", [["key one"], [""], ["schlüssel"], ["a\tb"], ["ops=a b"]])
def test_bad_api_keys(given: list[str]) -> None:
    """A key that no header can carry would lock everybody out."""
    assert problem(Settings, api_keys=given).startswith("is empty or has spaces")


@pytest.mark.parametrize("given", ["a", "0123456789abcde", "a-long-name-of-a-key=short", "a=b"])
def test_short_api_keys(given: str) -> None:
    """A key that can be guessed is none; a name before it makes it no longer."""
    assert problem(Settings, api_keys=[given]).startswith("is shorter than 16 characters")


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (SECRET, 1),
        (f"whsec_{SECRET}", 1),
        (f"  {SECRET}   whsec_{SECRET} ", 2),
        (f'["{SECRET}", "whsec_{SECRET}"]', 2),
        ([SECRET, f"whsec_{SECRET}"], 2),
        ("", 0),
    ],
)
def test_signing_secrets(given: object, count: int) -> None:
    """One or several: separated by spaces, as JSON, or as a list of the YAML file."""
    webhook = WebhookSettings.model_validate({"signing_secret": given})
    assert len(webhook.signing_secret) == count


@pytest.mark.parametrize(
    "given", ["x", "whsec_%%%", f"whsk_{SECRET}", [SECRET, "x"], "whsec_c2hvcnQ="]
)
def test_bad_signing_secrets(given: object) -> None:
    """What is no base64, or too short, would sign nothing that anybody can rely on."""
    with pytest.raises(ValidationError, match=r"is not base64|too few to be safe"):
        WebhookSettings.model_validate({"signing_secret": given})


def test_paths() -> None:
    """A tilde is the home directory; the home of nobody is refused."""
    assert (
        Settings.model_validate({"templates_dir": "~/t"}).templates_dir == Path("~/t").expanduser()
    )
    assert "no such home" in problem(Settings, recipients_file="~no-such-user/recipients.yaml")


@pytest.mark.parametrize("given", [0, -1, "five", 1.5])
def test_counts_are_whole_and_positive(given: object) -> None:
    """Nothing can be done with none at a time."""
    assert "should be" in problem(WebhookSettings, concurrency=given)


@pytest.mark.parametrize("given", [0, -1, "inf", "nan", "soon"])
def test_time_outs_are_positive_and_end(given: object) -> None:
    """A time-out of nothing would fail everything, an endless one is none."""
    assert "should be" in problem(WebhookSettings, timeout=given)
