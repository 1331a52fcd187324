"""Each source by itself; how they go together is test_load's."""

import pytest

from app.settings.files import Found
from app.settings.sources import (
    DOTENV,
    ENVIRONMENT,
    config_file,
    from_flags,
    from_variables,
    unknown_names,
)
from tests.support.settings import Sandbox


def test_flags() -> None:
    """A flag that was not given is no source; one that was is named as on the command line."""
    assert from_flags({"kafka.group_id": "g", "log.level": None}) == {
        "kafka.group_id": Found("g", "flag --group-id")
    }


def test_a_flag_that_no_command_has() -> None:
    """A setting that has no flag is a slip in the program, not in what the operator typed."""
    with pytest.raises(KeyError):
        from_flags({"kafka.topics": ["a"]})


def test_variables() -> None:
    """Names in any case, empty ones left out, others not looked at."""
    variables = {
        "notifier_kafka__group_id": "g",
        "Notifier_Inbox": "true",
        "NOTIFIER_LOG__LEVEL": "",
        "GROUP_ID": "other",
    }
    assert from_variables(variables, ENVIRONMENT) == {
        "kafka.group_id": Found("g", "environment NOTIFIER_KAFKA__GROUP_ID"),
        "inbox": Found("true", "environment NOTIFIER_INBOX"),
    }
    assert from_variables(variables, DOTENV)["inbox"] == Found("true", ".env")


def test_the_usual_spelling_goes_first() -> None:
    """Of two spellings the documented one holds, unless it is empty."""
    both = {"notifier_inbox": "false", "NOTIFIER_INBOX": "true"}
    assert from_variables(both, DOTENV)["inbox"].value == "true"
    assert from_variables(both | {"NOTIFIER_INBOX": ""}, DOTENV)["inbox"].value == "false"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("NOTIFIER_KAFKA__TOPCS", "NOTIFIER_KAFKA__TOPICS"),
        ("NOTIFIER_KAFKA_GROUP_ID", "NOTIFIER_KAFKA__GROUP_ID"),
        ("notifier_enviroment", "NOTIFIER_ENVIRONMENT"),
        ("NOTIFIER_CONFIGFILE", "NOTIFIER_CONFIG_FILE"),
    ],
)
def test_a_typing_error(name: str, meant: str) -> None:
    """The refusal names what was written and what was probably meant, not the value."""
    assert list(unknown_names({name: "hush"}, ENVIRONMENT)) == [
        f"{name.upper()}: there is no such setting; did you mean {meant}? (from environment)"
    ]


def test_a_name_like_no_other() -> None:
    """Without anything close to it there is no suggestion; an empty one is refused as well."""
    assert list(unknown_names({"NOTIFIER_XYZZY": ""}, DOTENV)) == [
        "NOTIFIER_XYZZY: there is no such setting (from .env)"
    ]


def test_names_that_are_known() -> None:
    """Settings, the service's other names, and everybody else's."""
    names = (
        *("NOTIFIER_KAFKA__TOPICS", "NOTIFIER_API_KEYS", "NOTIFIER_API_KEY"),
        *(
            "NOTIFIER_CONFIG_FILE",
            "NOTIFIER_URL",
            "NOTIFIER_TEST_KAFKA",
            "PATH",
            "NOTIFIERS",
            "GINKGO_KAFKA_HOST",
        ),
    )
    assert not list(unknown_names(dict.fromkeys(names, "x"), ENVIRONMENT))


def test_kubernetes_names_its_services_like_settings() -> None:
    """A service that is called notifier stops no start; a typing error beside it still does."""
    links = {
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "NOTIFIER_SERVICE_HOST": "10.0.0.2",
        "NOTIFIER_SERVICE_PORT": "8000",
        "NOTIFIER_SERVICE_PORT_HTTP": "8000",
        "NOTIFIER_PORT": "tcp://10.0.0.2:8000",
        "NOTIFIER_PORT_8000_TCP": "tcp://10.0.0.2:8000",
        "NOTIFIER_PORT_8000_TCP_ADDR": "10.0.0.2",
        "NOTIFIER_API_SERVICE_HOST": "10.0.0.3",
        "NOTIFIER_API_PORT_80_TCP_PROTO": "tcp",
    }
    assert not list(unknown_names(links, ENVIRONMENT))
    assert len(list(unknown_names({**links, "NOTIFIER_EMAIL_PORT": "25"}, ENVIRONMENT))) == 1
    del links["KUBERNETES_SERVICE_HOST"]
    assert len(list(unknown_names(links, ENVIRONMENT))) == len(links)


def test_the_configuration_file() -> None:
    """As the variable names it; otherwise nothing."""
    assert config_file({"notifier_config_file": "a.yaml"}) == "a.yaml"
    assert config_file({}) == ""


def test_host_and_port_as_the_guide_has_them(sandbox: Sandbox) -> None:
    """``kafka.host`` and ``kafka.port`` of ~/.ginkgo/config.yaml; its other keys are ignored."""
    sandbox.write("~/.ginkgo/config.yaml", "kafka: {host: kafka, port: 9093, user: x}\nother: [1]")
    loaded = sandbox.load()
    assert loaded.settings.kafka.bootstrap_servers == "kafka:9093"
    assert loaded.sources["kafka.bootstrap_servers"] == "~/.ginkgo/config.yaml"


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("kafka: {host: kafka}", "kafka:9092"),
        ("kafka: {port: 9093}", "localhost:9093"),
        ("kafka: {host: 'kafka:9094'}", "kafka:9094"),
        ("kafka:", "embedded"),
        ("kafka: {host: }", "embedded"),
        ("", "embedded"),
    ],
)
def test_host_alone_port_alone_neither(sandbox: Sandbox, text: str, servers: str) -> None:
    """A host alone means port 9092, a port alone localhost, neither no broker."""
    sandbox.write("~/.ginkgo/config.yaml", text)
    assert sandbox.load().settings.kafka.bootstrap_servers == servers


def test_the_mapping_of_this_service_goes_before_host_and_port(sandbox: Sandbox) -> None:
    """It says the same thing more precisely."""
    sandbox.write(
        "~/.ginkgo/config.yaml",
        "kafka: {host: a}\nnotifier: {kafka: {bootstrap_servers: [b, c], topics: [t, u]}}",
    )
    kafka = sandbox.load().settings.kafka
    assert (kafka.bootstrap_servers, kafka.topics) == ("b:9092,c:9092", ("t", "u"))


def test_a_wrong_port_in_the_file(sandbox: Sandbox) -> None:
    """The line names the setting and the file."""
    sandbox.write("~/.ginkgo/config.yaml", "kafka: {port: ninety}")
    assert sandbox.refusal() == (
        "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS: entry 1 is not host:port (no scheme, no spaces, IPv6 "
        "addresses in brackets) (from ~/.ginkgo/config.yaml)"
    )


SECURE = "database: {kafka: {host: secure, port: 9094}, clickhouse: {password: hush}}"


@pytest.mark.parametrize(
    ("config", "secure", "environ", "servers", "origin"),
    [
        ("debug: true", SECURE, {}, "secure:9094", "~/.ginkgo/secure.yml"),
        ("kafka: {host: c}", None, {}, "c:9092", "~/.ginkgo/config.yml"),
        ("kafka: {host: c}", SECURE, {}, "secure:9094", "~/.ginkgo/secure.yml"),
        (
            None,
            SECURE,
            {"GINKGO_KAFKA_HOST": "env"},
            "env:9094",
            "environment GINKGO_KAFKA_HOST, ~/.ginkgo/secure.yml",
        ),
        (
            None,
            None,
            {"GINKGO_KAFKA_PORT": "9095"},
            "localhost:9095",
            "environment GINKGO_KAFKA_PORT",
        ),
        (None, None, {"GINKGO_KAFKA_HOST": ""}, "embedded", "default"),
        ("notifier: {kafka: {bootstrap_servers: n}}", SECURE, {}, "n:9092", "~/.ginkgo/config.yml"),
    ],
)
def test_what_the_original_writes(
    sandbox: Sandbox,
    config: str | None,
    secure: str | None,
    environ: dict[str, str],
    servers: str,
    origin: str,
) -> None:
    """Without config.yaml: the environment, secure.yml, config.yml, in the original's order."""
    if config:
        sandbox.write("~/.ginkgo/config.yml", config)
    if secure:
        sandbox.write("~/.ginkgo/secure.yml", secure)
    loaded = sandbox.load(environ)
    assert loaded.settings.kafka.bootstrap_servers == servers
    assert set(loaded.sources["kafka.bootstrap_servers"].split(", ")) == set(origin.split(", "))


def test_debug_of_the_original(sandbox: Sandbox) -> None:
    """``debug: true`` of config.yml is log level DEBUG."""
    sandbox.write("~/.ginkgo/config.yml", "debug: true")
    assert sandbox.load().settings.log.level == "DEBUG"


def test_the_new_file_silences_the_original(sandbox: Sandbox) -> None:
    """With config.yaml, even an empty one, no file of the original is read, broken or not."""
    sandbox.write("~/.ginkgo/config.yaml", "")
    sandbox.write("~/.ginkgo/config.yml", "[broken")
    sandbox.write("~/.ginkgo/secure.yml", SECURE)
    assert sandbox.load().settings.kafka.bootstrap_servers == "embedded"


def test_the_originals_variables_go_before_every_file(sandbox: Sandbox) -> None:
    """With config.yaml too, part by part; this service's own variables go before them."""
    sandbox.write(
        "~/.ginkgo/config.yaml",
        "kafka: {host: file, port: 9093}\nnotifier: {email: {host: file, timeout: 7,"
        " from_address: a@example.com}}",
    )
    environ = {"GINKGO_KAFKA_HOST": "env", "GINKGO_SMTP_HOST": "mail.example"}
    loaded = sandbox.load(environ)
    assert loaded.settings.kafka.bootstrap_servers == "env:9093"
    email = loaded.settings.email
    assert (email.host, email.timeout) == ("mail.example", 7.0)
    assert loaded.sources["email.host"] == "environment GINKGO_SMTP_HOST"
    own = sandbox.load(environ | {"NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": "own:1"})
    assert own.settings.kafka.bootstrap_servers == "own:1"


# As the original's installer writes them, shortened; the second half as users fill it in.
CONFIG_TEMPLATE = """
debug: False
log_color:
  DEBUG: white
notifications:
  discord:
    timeout: 3
    max_retries: 3
  email:
    timeout: 12
    smtp_host: smtp.gmail.com
    smtp_port: 587
    from_address: your_email@gmail.com
    from_name: Ginkgo Notification
  record_ttl_days: 7
"""
SECURE_TEMPLATE = """
database:
  kafka:
    host: localhost
    port: 9092
telegram:
  token: {YourToken}
  chatids:
    - {YourIDs}
notifications:
  email:
    smtp_user: {YourEmail}
    smtp_password: {YourAppPassword}
"""
FILLED_IN = """
notifications:
  email: {smtp_user: trader@example.com, smtp_password: "abcd efgh"}
"""


def test_templates_that_nobody_filled_in_name_no_mail_server(sandbox: Sandbox) -> None:
    """Gmail without a login takes nothing; broker and time-outs are real."""
    sandbox.write("~/.ginkgo/config.yml", CONFIG_TEMPLATE)
    sandbox.write("~/.ginkgo/secure.yml", SECURE_TEMPLATE)
    settings = sandbox.load().settings
    assert settings.kafka.bootstrap_servers == "localhost:9092"
    email = settings.email
    assert (email.host, email.username, email.from_address) == (None, None, None)
    assert (email.timeout, settings.webhook.timeout) == (12.0, 3.0)


def test_the_originals_mail_server(sandbox: Sandbox) -> None:
    """Server of config.yml, login of secure.yml; the sender is the login, as in the original."""
    sandbox.write("~/.ginkgo/config.yml", CONFIG_TEMPLATE)
    sandbox.write("~/.ginkgo/secure.yml", FILLED_IN)
    loaded = sandbox.load()
    email = loaded.settings.email
    assert (email.host, email.port, email.tls) == ("smtp.gmail.com", 587, "starttls")
    assert email.username == "trader@example.com"
    assert email.password is not None
    assert email.password.get_secret_value() == "abcd efgh"
    assert email.from_address == "Ginkgo Notification <trader@example.com>"
    assert loaded.sources["email.host"] == "~/.ginkgo/config.yml"
    assert loaded.sources["email.password"] == "~/.ginkgo/secure.yml"


def test_mail_by_the_originals_variables_alone(sandbox: Sandbox) -> None:
    """Port 465 is TLS from the start; an address of its own goes before the login."""
    email = sandbox.load(
        {
            "GINKGO_SMTP_HOST": "mail.example",
            "GINKGO_SMTP_PORT": "465",
            "GINKGO_SMTP_USER": "user",
            "GINKGO_SMTP_PASSWORD": "hush",
            "GINKGO_FROM_ADDRESS": "alerts@example.com",
            "GINKGO_FROM_NAME": "风控",
        }
    ).settings.email
    assert (email.host, email.port, email.tls) == ("mail.example", 465, "implicit")
    assert email.username == "user"
    assert email.from_address is not None
    assert email.from_address.endswith("<alerts@example.com>")


@pytest.mark.parametrize("name", ["config.yaml", "config.yml"])
def test_ginkgo_dir_names_the_folder(sandbox: Sandbox, name: str) -> None:
    """Its files are read instead of those in the home."""
    sandbox.write("~/.ginkgo/config.yaml", "kafka: {host: home}")
    sandbox.write(f"~/elsewhere/{name}", "kafka: {host: there}")
    loaded = sandbox.load({"GINKGO_DIR": "~/elsewhere/"})
    assert loaded.settings.kafka.bootstrap_servers == "there:9092"
    assert loaded.sources["kafka.bootstrap_servers"] == f"~/elsewhere/{name}"


@pytest.mark.parametrize("name", ["config.yaml", "config.yml", "secure.yml"])
def test_a_broken_file(sandbox: Sandbox, name: str) -> None:
    """One line with file and place; the original's passwords are not quoted."""
    sandbox.write(f"~/.ginkgo/{name}", "a: b\npassword: *hush")
    assert sandbox.refusal() == f"~/.ginkgo/{name}: is not valid YAML (line 2, column 11)"


@pytest.mark.parametrize("named", ["own.yaml", "~/own.yaml"])
def test_a_file_of_ones_own(sandbox: Sandbox, named: str) -> None:
    """Below the working directory or the home; the usual files are not read then."""
    sandbox.write(named, "kafka: {host: own}")
    sandbox.write("~/.ginkgo/config.yaml", "kafka: {host: usual}\ndebug: true")
    loaded = sandbox.load({"NOTIFIER_CONFIG_FILE": named})
    assert loaded.settings.kafka.bootstrap_servers == "own:9092"
    assert loaded.sources["kafka.bootstrap_servers"] == named
    assert loaded.settings.log.level == "INFO"


def test_a_file_of_ones_own_anywhere(sandbox: Sandbox) -> None:
    """An absolute path, named in .env."""
    path = sandbox.home / "own.yaml"
    sandbox.write("~/own.yaml", "kafka: {host: own}")
    sandbox.write(".env", f"NOTIFIER_CONFIG_FILE={path}")
    assert sandbox.load().settings.kafka.bootstrap_servers == "own:9092"


def test_a_file_of_ones_own_that_is_missing(sandbox: Sandbox) -> None:
    """What was asked for by name must be there, even with the usual files in place."""
    sandbox.write("~/.ginkgo/config.yaml", "kafka: {host: usual}")
    line = sandbox.refusal({"NOTIFIER_CONFIG_FILE": "gone.yaml"})
    assert line == "NOTIFIER_CONFIG_FILE: gone.yaml: there is no such file"


def test_a_file_of_ones_own_that_cannot_be_read(sandbox: Sandbox) -> None:
    """The variable and the file are named."""
    (sandbox.directory / "loop").symlink_to("loop")
    line = sandbox.refusal({"NOTIFIER_CONFIG_FILE": "loop"})
    assert line.startswith("NOTIFIER_CONFIG_FILE: loop: cannot be read: ")
