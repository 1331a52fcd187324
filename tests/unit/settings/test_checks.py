"""What must hold between settings."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.settings.checks import check_bind, faults
from app.settings.models import Settings
from app.values.errors import SettingsError

KAFKA = {"bootstrap_servers": "kafka:9092"}
SASL = {"sasl_mechanism": "PLAIN", "sasl_username": "u", "sasl_password": "hush"}


def found(**groups: Any) -> dict[str, str]:
    """Return the faults of settings, by name."""
    return dict(faults(Settings.model_validate(groups)))


@pytest.mark.parametrize(
    "groups",
    [
        {},
        {"environment": "production", "kafka": KAFKA},
        {"kafka": KAFKA | SASL | {"security_protocol": "SASL_PLAINTEXT"}},
        {"kafka": KAFKA | SASL | {"security_protocol": "SASL_SSL", "ssl_cafile": "ca.pem"}},
        {"kafka": KAFKA | {"security_protocol": "SSL"}},
        {
            "kafka": KAFKA
            | {"security_protocol": "SSL", "ssl_certfile": "c.pem", "ssl_keyfile": "k.pem"}
        },
        {"email": {"host": "mail", "from_address": "a@example.com"}},
        {"retry": {"base_delay": 60, "max_delay": 60}},
    ],
)
def test_what_fits_together(groups: Mapping[str, Any]) -> None:
    """Settings as operators have them are not faulted."""
    assert found(**groups) == {}


def test_production_refuses_the_embedded_broker() -> None:
    """It keeps nothing."""
    assert "refused in production" in found(environment="production")["kafka.bootstrap_servers"]


def test_security_needs_a_broker() -> None:
    """Credentials without a broker are a forgotten setting."""
    assert (
        "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS"
        in (found(kafka={"security_protocol": "SSL"})["kafka.security_protocol"])
    )


@pytest.mark.parametrize(
    ("topics", "name"),
    [
        (["a", "notifications.dlq"], "kafka.dead_letter_topic"),
        (["notifications.control.g"], "kafka.control_topic"),
        (["notifications.retry.g"], "kafka.retry_topic"),
        (["notifications.retry.g.0s"], "kafka.retry_topic"),
        (["notifications.retry.g.30s"], "kafka.retry_topic"),
        (["notifications.retry.g.2m"], "kafka.retry_topic"),
        (["notifications.retry.g.10m"], "kafka.retry_topic"),
        (["notifications.retry.g.1h"], "kafka.retry_topic"),
    ],
)
def test_own_topics_are_not_consumed(topics: list[str], name: str) -> None:
    """What the service writes for itself must not come back as a notification."""
    faulted = found(kafka={"topics": topics, "group_id": "g"})
    assert list(faulted) == [name]
    assert "is in NOTIFIER_KAFKA__TOPICS too" in faulted[name]


def test_names_that_kafka_takes_for_the_same_are_refused() -> None:
    """The brokers would create the first of them alone."""
    faulted = found(kafka={"topics": ["a.b"], "dead_letter_topic": "a_b"})
    assert (
        "'a_b' is in use already, by NOTIFIER_KAFKA__TOPICS" in faulted["kafka.dead_letter_topic"]
    )


def test_own_topics_are_apart() -> None:
    """Dead letters in the control topic would be compacted away."""
    faulted = found(kafka={"dead_letter_topic": "x", "control_topic": "x"})
    assert list(faulted) == ["kafka.control_topic"]
    assert "in use already, by NOTIFIER_KAFKA__DEAD_LETTER_TOPIC" in faulted["kafka.control_topic"]


@pytest.mark.parametrize("group", ["my group", "a" * 240])
def test_a_group_that_makes_no_topic_names(group: str) -> None:
    """Kafka takes any group; the topics named after it must then be set."""
    faulted = found(kafka={"group_id": group})
    assert set(faulted) == {
        "kafka.retry_topic",
        "kafka.control_topic",
        "kafka.history_topic",
    }
    assert "NOTIFIER_KAFKA__GROUP_ID" in faulted["kafka.retry_topic"]
    named = {"group_id": group, "retry_topic": "r", "control_topic": "c", "history_topic": "h"}
    assert found(kafka=named) == {}


@pytest.mark.parametrize("missing", list(SASL))
def test_sasl_is_complete(missing: str) -> None:
    """Mechanism, user and password go together; an empty one is missing."""
    kafka = KAFKA | {"security_protocol": "SASL_SSL"} | SASL
    del kafka[missing]
    assert found(kafka=kafka) == {f"kafka.{missing}": "SASL_SSL needs it"}
    if missing != "sasl_mechanism":
        assert list(found(kafka=kafka | {missing: ""})) == [f"kafka.{missing}"]


@pytest.mark.parametrize("name", list(SASL))
def test_sasl_is_not_forgotten(name: str) -> None:
    """Credentials that would not be used are a mistake in the protocol."""
    faulted = found(kafka=KAFKA | {name: SASL[name]})
    assert list(faulted) == [f"kafka.{name}"]
    assert "hush" not in faulted[f"kafka.{name}"]


@pytest.mark.parametrize("name", ["ssl_cafile", "ssl_certfile", "ssl_keyfile"])
def test_tls_is_not_forgotten(name: str) -> None:
    """Certificates that would not be used are a mistake in the protocol."""
    assert list(found(kafka=KAFKA | {name: "x.pem"})) == [f"kafka.{name}"]


def test_certificate_and_key_go_together() -> None:
    """Either is useless alone."""
    tls = KAFKA | {"security_protocol": "SSL"}
    assert list(found(kafka=tls | {"ssl_certfile": "c.pem"})) == ["kafka.ssl_keyfile"]
    assert list(found(kafka=tls | {"ssl_keyfile": "k.pem"})) == ["kafka.ssl_certfile"]


def test_mail() -> None:
    """A mail server needs a sender, a user a password, and a password a user."""
    assert list(found(email={"host": "mail"})) == ["email.from_address"]
    assert list(found(email={"username": "u"})) == ["email.password"]
    assert list(found(email={"password": "hush"})) == ["email.username"]


def test_the_longest_delay_is_not_the_shorter() -> None:
    """A first delay above the longest would silently be cut."""
    assert found(retry={"base_delay": 120}) == {
        "retry.max_delay": "60 is below NOTIFIER_RETRY__BASE_DELAY, which is 120"
    }


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "[::]", "192.168.1.2", "kafka-host"])
def test_production_is_not_open_without_a_key(host: str) -> None:
    """Production, no key, and an address that others reach."""
    production = {"environment": "production", "kafka": KAFKA}
    with pytest.raises(SettingsError, match="NOTIFIER_API_KEYS: is empty, and production"):
        check_bind(Settings.model_validate(production), host)
    check_bind(Settings.model_validate(production | {"api_keys": "a-key-that-is-long"}), host)
    check_bind(Settings(), host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_production_on_loopback_needs_no_key(host: str) -> None:
    """Nobody else can connect there."""
    check_bind(Settings.model_validate({"environment": "production", "kafka": KAFKA}), host)


def test_the_operators_mails_need_a_mail_server() -> None:
    """Else nobody would be told, and nobody would know."""
    kafka = {"bootstrap_servers": "kafka:9092"}
    operator = {"notify": ["ops@example.com"]}
    told = found(kafka=kafka, operator=operator)["operator.notify"]
    assert "NOTIFIER_EMAIL__HOST" in told
    email = {"host": "mail", "from_address": "a@example.com"}
    assert found(kafka=kafka, operator=operator, email=email) == {}
    assert found(operator=operator) == {}  # the inbox takes it
    assert found(kafka=kafka, operator={"notify": ["https://hooks.example/"]}) == {}
