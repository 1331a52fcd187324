"""What settings there are, and what they are when nobody says anything."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from app.settings.load import show
from app.settings.models import (
    SETTINGS,
    EmailSettings,
    KafkaSettings,
    Settings,
    WebhookSettings,
    env_name,
)

EXAMPLE = Path(__file__).parents[3] / ".env.example"
SECRETS = {
    "kafka.sasl_password",
    "webhook.default_url",
    "webhook.default_secret",
    "webhook.proxy",
    "webhook.signing_secret",
    "email.password",
    "api_keys",
    "operator.notify",
}


def test_the_example_lists_every_setting_with_its_default() -> None:
    """.env.example names exactly the settings that exist, in order, with their true defaults."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    listed = [line[1:].split("=", 1) for line in lines if line.startswith("#NOTIFIER_")]
    settings = Settings()
    assert sorted(listed) == sorted(
        [env_name(name), show(settings.value(name))] for name in SETTINGS
    )


def test_the_example_explains_every_setting() -> None:
    """Above each setting stands at least one line about it; nothing is set."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for before, line in pairwise(lines):
        assert not line or line.startswith("#")
        if line.startswith("#NOTIFIER_"):
            assert re.match(r"# \w", before), line


def test_settings_of_the_contract() -> None:
    """The groups and single settings of the contract's table, by name."""
    assert {name.split(".")[0] for name in SETTINGS} == {
        *("environment", "kafka", "worker", "webhook", "email", "recipients_file", "templates_dir"),
        *("default_ttl", "inbox", "retry", "history", "api_keys", "metrics", "log", "report"),
        "operator",
        "language",
    }
    assert env_name("kafka.bootstrap_servers") == "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS"
    assert env_name("api_keys") == "NOTIFIER_API_KEYS"


def test_secret_settings() -> None:
    """What is secret is marked so."""
    assert {name for name, secret in SETTINGS.items() if secret} == SECRETS


def test_making_settings_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are made of arguments alone; sources are named by whoever loads them."""
    monkeypatch.setenv("NOTIFIER_KAFKA__GROUP_ID", "from-the-environment")
    monkeypatch.setenv("NOTIFIER_INBOX", "false")
    settings = Settings()
    assert settings.kafka.group_id == "notification_worker_group"
    assert settings.inbox


def test_names_derived_from_the_group() -> None:
    """Retry and control topics belong to one group; each can be set."""
    kafka = KafkaSettings(group_id="prod", control_topic="ours")
    assert kafka.retry_topic == "notifications.retry.prod"
    assert kafka.control_topic == "ours"
    assert KafkaSettings(group_id="prod").control_topic == "notifications.control.prod"


@pytest.mark.parametrize(
    ("servers", "given", "inbox"),
    [
        ("embedded", {}, True),
        ("kafka:9092", {}, False),
        ("embedded", {"inbox": False}, False),
        ("kafka:9092", {"inbox": True}, True),
    ],
)
def test_the_inbox_comes_with_the_embedded_broker(
    servers: str, given: dict[str, bool], inbox: bool
) -> None:
    """Unless it is said otherwise."""
    kafka = KafkaSettings(bootstrap_servers=servers)
    assert Settings.model_validate({"kafka": kafka, **given}).inbox is inbox
    assert kafka.embedded is (servers == "embedded")


def test_settings_do_not_change() -> None:
    """Neither settings nor their groups can be assigned to, and no others can be made."""
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.inbox = False  # type: ignore[misc]  # what mypy knows, the running program does too
    with pytest.raises(ValidationError):
        settings.kafka.group_id = "other"  # type: ignore[misc]  # the same
    with pytest.raises(ValidationError):
        Settings.model_validate({"kafka": {"gruop_id": "typo"}})


def test_secret_values() -> None:
    """Every secret is handed to the log, in plain text, and nothing else is."""
    settings = Settings(
        kafka=KafkaSettings(sasl_password=SecretStr("hush-one")),
        webhook=WebhookSettings(
            default_url=SecretStr("https://example.com/hush-two"),
            signing_secret=(SecretStr("whsec_hush" + "three" * 8),),
        ),
        email=EmailSettings(host="mail", password=SecretStr("hush-four")),
        api_keys=(SecretStr("hush-five-five-five"), SecretStr("ops=hush-six-six-six-six")),
    )
    assert settings.secret_values() == {
        *(
            "hush-one",
            "https://example.com/hush-two",
            "whsec_hush" + "three" * 8,
            "hush" + "three" * 8,
        ),
        *("hush-four", "hush-five-five-five"),
        *("ops=hush-six-six-six-six", "hush-six-six-six-six"),
    }
    assert not Settings().secret_values()
    assert "hush" not in repr(settings)


def test_the_operators_mail_addresses_are_no_secrets() -> None:
    """They may be recipients as well, whose names the pages show; URLs are."""
    notify = ["https://hooks.example/ops", "ops@example.com"]
    settings = Settings.model_validate({"operator": {"notify": notify}})
    assert settings.operator.addresses == tuple(notify)
    assert settings.secret_values() & set(notify) == {"https://hooks.example/ops"}
