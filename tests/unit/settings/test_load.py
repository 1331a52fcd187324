"""Which value holds, where it came from, and the one line that says what is wrong."""

import os
import traceback
from pathlib import Path

import pytest

from app.settings.load import broker_line, load_from_process
from app.settings.models import SETTINGS, env_name
from app.values.errors import SettingsError
from tests.support.settings import Sandbox


def test_defaults(sandbox: Sandbox) -> None:
    """With nothing anywhere every setting is its default, and says so."""
    loaded = sandbox.load()
    assert set(loaded.sources) == set(SETTINGS)
    assert set(loaded.sources.values()) == {"default"}


def test_each_source_goes_before_the_next(sandbox: Sandbox) -> None:
    """Flag, environment, .env, file, a command's default; one by one they are taken away."""
    name = "NOTIFIER_KAFKA__GROUP_ID"
    seen = []

    def load(environ: dict[str, str], flag: str | None) -> None:
        loaded = sandbox.load(environ, {"kafka.group_id": flag}, {"kafka.group_id": "command"})
        seen.append((loaded.settings.kafka.group_id, loaded.sources["kafka.group_id"]))

    sandbox.write("~/.ginkgo/config.yaml", "notifier: {kafka: {group_id: file}}")
    sandbox.write(".env", f"{name}=dotenv")
    load({name: "environ"}, "flag")
    load({name: "environ"}, None)
    load({name: ""}, None)
    sandbox.write(".env", "")
    load({}, None)
    sandbox.write("~/.ginkgo/config.yaml", "")
    load({}, None)
    assert seen == [
        ("flag", "flag --group-id"),
        ("environ", f"environment {name}"),
        ("dotenv", ".env"),
        ("file", "~/.ginkgo/config.yaml"),
        ("command", "default"),
    ]


def test_sources_go_together_within_a_group(sandbox: Sandbox) -> None:
    """One setting of a group does not hide the others of lower sources."""
    sandbox.write(
        "~/.ginkgo/config.yaml", "kafka: {host: kafka}\nnotifier: {report: {interval: 9}}"
    )
    sandbox.write(".env", "NOTIFIER_KAFKA__TOPICS=a,b")
    loaded = sandbox.load({"NOTIFIER_KAFKA__GROUP_ID": "g"}, {"report.initial_delay": 1})
    kafka = loaded.settings.kafka
    assert (kafka.bootstrap_servers, kafka.topics, kafka.group_id) == (
        "kafka:9092",
        ("a", "b"),
        "g",
    )
    assert (loaded.settings.report.interval, loaded.settings.report.initial_delay) == (9, 1)
    assert kafka.retry_topic == "notifications.retry.g"
    assert not loaded.settings.inbox


def test_every_setting_can_be_set_in_the_environment(sandbox: Sandbox) -> None:
    """Each name of the contract is read, and appears as its source."""
    values = dict.fromkeys((env_name(name) for name in SETTINGS), "7")
    values |= {
        "NOTIFIER_ENVIRONMENT": "production",
        "NOTIFIER_KAFKA__AUTO_OFFSET_RESET": "latest",
        "NOTIFIER_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "NOTIFIER_KAFKA__SASL_MECHANISM": "SCRAM-SHA-512",
        "NOTIFIER_KAFKA__DEAD_LETTER_TOPIC": "dead",
        "NOTIFIER_KAFKA__RETRY_TOPIC": "retry",
        "NOTIFIER_KAFKA__CONTROL_TOPIC": "control",
        "NOTIFIER_KAFKA__HISTORY_TOPIC": "history",
        "NOTIFIER_WORKER__AUTOSTART": "false",
        "NOTIFIER_WEBHOOK__DEFAULT_URL": "https://example.com/hook",
        "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": "10.0.0.0/8",
        "NOTIFIER_WEBHOOK__PROXY": "socks5://proxy:1080",
        "NOTIFIER_WEBHOOK__SIGNING_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
        "NOTIFIER_API_KEYS": "0123456789abcdef",
        "NOTIFIER_OPERATOR__NOTIFY": "https://example.com/ops,ops@example.com",
        "NOTIFIER_EMAIL__TLS": "implicit",
        "NOTIFIER_EMAIL__FROM_ADDRESS": "a@example.com",
        "NOTIFIER_EMAIL__DEFAULT_TO": "b@example.com",
        "NOTIFIER_INBOX": "true",
        "NOTIFIER_LANGUAGE": "zh",
        "NOTIFIER_METRICS__OPEN": "true",
        "NOTIFIER_LOG__LEVEL": "debug",
        "NOTIFIER_LOG__FORMAT": "json",
    }
    loaded = sandbox.load(values)
    assert loaded.sources == {name: f"environment {env_name(name)}" for name in SETTINGS}
    assert loaded.settings.log.file == Path("7")


def test_every_wrong_value_is_named(sandbox: Sandbox) -> None:
    """One line for all of them: setting, problem, source; secrets are not quoted."""
    sandbox.write(
        ".env",
        "NOTIFIER_KAFKA__MAX_POLL_RECORDS=five\nNOTIFIER_API_KEYS=hush-hush-hush-hush,hu sh\n",
    )
    sandbox.write("~/.ginkgo/config.yaml", "notifier: {log: {level: {hush: x}}}")
    line = sandbox.refusal(
        {
            "NOTIFIER_KAFKA__TOPCS": "hush",
            "NOTIFIER_WEBHOOK__DEFAULT_URL": "hush",
            "NOTIFIER_EMAIL__PORT": "0",
            "NOTIFIER_INBOX": "perhaps",
        },
        {"kafka.group_id": ""},
    )
    assert line.split("; ") == [
        "NOTIFIER_KAFKA__TOPCS: there is no such setting",
        "did you mean NOTIFIER_KAFKA__TOPICS? (from environment)",
        "NOTIFIER_KAFKA__GROUP_ID: must not be empty (from flag --group-id)",
        "NOTIFIER_KAFKA__MAX_POLL_RECORDS: should be a valid integer, not 'five' (from .env)",
        "NOTIFIER_WEBHOOK__DEFAULT_URL: is not a valid http:// or https:// URL (from environment NOTIFIER_WEBHOOK__DEFAULT_URL)",
        "NOTIFIER_EMAIL__PORT: should be greater than or equal to 1, not '0' (from environment NOTIFIER_EMAIL__PORT)",
        "NOTIFIER_INBOX: should be a valid boolean, not 'perhaps' (from environment NOTIFIER_INBOX)",
        "NOTIFIER_API_KEYS: entry 2 is empty or has spaces or characters that no HTTP header carries (from .env)",
        "NOTIFIER_LOG__LEVEL: should be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL' (from ~/.ginkgo/config.yaml)",
    ]


def test_a_secret_of_the_wrong_shape_is_not_quoted(sandbox: Sandbox) -> None:
    """Not even where the fault is found by pydantic itself."""
    sandbox.write(
        "~/.ginkgo/config.yaml", "notifier: {email: {password: [hush]}, api_keys: {hush: 1}}"
    )
    line = sandbox.refusal()
    assert "NOTIFIER_EMAIL__PASSWORD: should be a valid string (from ~/.ginkgo/config.yaml)" in line
    assert "NOTIFIER_API_KEYS: should be a valid tuple (from ~/.ginkgo/config.yaml)" in line
    assert "hush" not in line


def test_a_traceback_of_the_refusal_tells_no_secret(sandbox: Sandbox) -> None:
    """The chain of exceptions is cut where it would hold the rejected values."""
    secret = "HUSH".lower()  # the traceback holds this source line as well
    with pytest.raises(SettingsError) as caught:
        sandbox.load({"NOTIFIER_WEBHOOK__DEFAULT_URL": secret})
    assert secret not in "".join(traceback.format_exception(caught.value))


def test_settings_that_do_not_fit_together(sandbox: Sandbox) -> None:
    """Named with the source of the setting at fault, beside unknown names."""
    line = sandbox.refusal({"NOTIFIER_ENVIRONMENT": "production", "NOTIFIER_XYZZY": "1"})
    assert line == (
        "NOTIFIER_XYZZY: there is no such setting (from environment); "
        "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS: the embedded broker keeps nothing and is refused in "
        "production; name host:port,… (default)"
    )


def test_a_secret_in_the_wrong_place_is_not_quoted(sandbox: Sandbox) -> None:
    """Where it is set as itself as well, or is an address that anybody could send to."""
    way_in = "https://discord.com/api/webhooks/1/hush"
    line = sandbox.refusal(
        {
            "NOTIFIER_KAFKA__TOPICS": "hush-hush-hush",
            "NOTIFIER_KAFKA__SASL_PASSWORD": "hush-hush-hush",
            "NOTIFIER_LOG__FORMAT": way_in,
            "NOTIFIER_EMAIL__PORT": "https://h.example/hush",
            "NOTIFIER_EMAIL__TLS": "discord.com/api/webhooks/1/" + "hush" * 20,
            "NOTIFIER_WEBHOOK__SIGNING_SECRET": '["hush", {"a": "hush"}]',
        }
    )
    assert "hush" not in line
    assert "NOTIFIER_LOG__FORMAT" in line
    assert "h.example" in line


def test_a_bad_dotenv_file(sandbox: Sandbox) -> None:
    """A line of it that cannot be read stops the start."""
    sandbox.write(".env", "NOTIFIER_INBOX=true\nhush")
    assert sandbox.refusal() == ".env: line 2 is not NAME=value"


def test_describe_masks_secrets(sandbox: Sandbox) -> None:
    """Every setting with name, value and source; what is not set is empty."""
    sandbox.write(".env", "NOTIFIER_API_KEYS=hush-one-one-one-one,two=hush-two-two-two-two")
    loaded = sandbox.load(
        {
            "NOTIFIER_WEBHOOK__DEFAULT_URL": "https://example.com/hush",
            "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": "10.0.0.0/8",
            "NOTIFIER_RETRY__BASE_DELAY": "0.5",
        }
    )
    rows = {name: (value, source) for name, value, source in loaded.describe()}
    assert list(rows) == [env_name(name) for name in SETTINGS]
    assert rows["NOTIFIER_API_KEYS"] == ('["***", "***"]', ".env")
    assert rows["NOTIFIER_WEBHOOK__DEFAULT_URL"][0] == "***"
    assert rows["NOTIFIER_WEBHOOK__ALLOWED_NETWORKS"][0] == '["10.0.0.0/8"]'
    assert rows["NOTIFIER_RETRY__BASE_DELAY"][0] == "0.5"
    assert rows["NOTIFIER_RETRY__MAX_DELAY"] == ("60", "default")
    assert rows["NOTIFIER_INBOX"] == ("true", "default")
    assert rows["NOTIFIER_EMAIL__HOST"] == ("", "default")
    assert "hush" not in repr(loaded)


def test_the_broker_line(sandbox: Sandbox) -> None:
    """It names the broker and where that came from."""
    assert broker_line(sandbox.load()) == (
        "Kafka broker: embedded (by default: nothing names another)"
    )
    sandbox.write("~/.ginkgo/config.yaml", "kafka: {host: kafka}")
    assert broker_line(sandbox.load()) == "Kafka broker: kafka:9092 (from ~/.ginkgo/config.yaml)"


@pytest.fixture
def bare_process(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> pytest.MonkeyPatch:
    """Make the sandbox this process's home, working directory and (empty) environment."""
    for name in os.environ:
        if name.upper().startswith(("NOTIFIER_", "GINKGO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(sandbox.home))
    monkeypatch.chdir(sandbox.directory)
    return monkeypatch


def test_load_from_process(sandbox: Sandbox, bare_process: pytest.MonkeyPatch) -> None:
    """Environment, home and working directory of this process, here made up."""
    sandbox.write("~/.ginkgo/config.yaml", "kafka: {host: home}")
    sandbox.write(".env", "NOTIFIER_KAFKA__TOPICS=dotenv")
    bare_process.setenv("NOTIFIER_KAFKA__PARTITIONS", "3")
    kafka = load_from_process({"kafka.group_id": "g"}).settings.kafka
    assert (kafka.bootstrap_servers, kafka.topics) == ("home:9092", ("dotenv",))
    assert (kafka.partitions, kafka.group_id) == (3, "g")


def test_a_user_without_a_home(bare_process: pytest.MonkeyPatch) -> None:
    """A container's made-up user has no home, and needs none."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    bare_process.setattr(Path, "home", homeless)
    assert load_from_process().settings.kafka.embedded


def test_proxies_come_from_the_setting_or_the_environment(sandbox: Sandbox) -> None:
    """The setting goes first; what is no proxy stops the start without being quoted."""
    loaded = sandbox.load({"HTTPS_PROXY": "http://user:hush@proxy:3128"})
    assert loaded.proxies is not None
    assert (loaded.proxies.http, loaded.proxies.source) == (None, "HTTPS_PROXY")
    assert "hush" in loaded.secret_values()
    loaded = sandbox.load({"HTTPS_PROXY": "http://a", "NOTIFIER_WEBHOOK__PROXY": "socks5://b"})
    assert loaded.proxies is not None
    assert loaded.proxies.https == "socks5://b"
    assert sandbox.load({}).proxies is None
    line = sandbox.refusal({"ALL_PROXY": "socks4://hush:1"})
    assert line.startswith("ALL_PROXY: is not the address of a proxy")
    assert "hush" not in line
