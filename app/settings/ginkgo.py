"""Reads the variables and files in which Ginkgo, the original system, names Kafka and mail.

Its ``config.yml`` and ``secure.yml`` come from templates that its installer copies, so they may
still hold placeholders.
"""

from collections.abc import Mapping
from email.utils import formataddr
from pathlib import Path

from app.settings.files import Found, bootstrap, parse_yaml, read_text, section, settings_in

Known = dict[str, Found]
"""Values found, by this module's own names: ``kafka.host``, ``smtp.user``, ``from.name``, …"""

_VARIABLES = {
    "GINKGO_KAFKA_HOST": "kafka.host",
    "GINKGO_KAFKA_PORT": "kafka.port",
    "GINKGO_SMTP_HOST": "smtp.host",
    "GINKGO_SMTP_PORT": "smtp.port",
    "GINKGO_SMTP_USER": "smtp.user",
    "GINKGO_SMTP_PASSWORD": "smtp.password",
    "GINKGO_FROM_ADDRESS": "from.address",
    "GINKGO_FROM_NAME": "from.name",
}
_MAIL_KEYS = {
    "smtp_host": "smtp.host",
    "smtp_port": "smtp.port",
    "smtp_user": "smtp.user",
    "smtp_password": "smtp.password",
    "from_address": "from.address",
    "from_name": "from.name",
}
_PLACEHOLDER = "your_email@gmail.com"
_IMPLICIT_TLS_PORT = "465"


def known_from_variables(environ: Mapping[str, str]) -> Known:
    """Return the values of the original's environment variables."""
    return {
        key: Found(environ[name], f"environment {name}")
        for name, key in _VARIABLES.items()
        if environ.get(name)
    }


def known_from_kafka(kafka: Mapping[str, object], origin: str) -> Known:
    """Return host and port of a ``kafka:`` mapping."""
    return _texts(kafka, {"host": "kafka.host", "port": "kafka.port"}, origin)


def read_original(folder: Path, shown: str) -> tuple[Known, dict[str, Found]]:
    """Read ``config.yml`` and ``secure.yml``.

    Args:
        shown: The folder as it stands in errors and sources, with a slash at its end.

    Returns:
        The values for Kafka and mail, and the settings that stand there under their own names.

    Raises:
        SettingsError: A file cannot be read or understood.
    """
    config, config_origin = _file(folder, shown, "config.yml")
    secure, secure_origin = _file(folder, shown, "secure.yml")
    database = section(secure, "database", secure_origin)
    known = known_from_kafka(section(config, "kafka", config_origin), config_origin)
    known |= known_from_kafka(section(database, "kafka", secure_origin), secure_origin)
    known |= _mail_in(config, config_origin) | _mail_in(secure, secure_origin)
    return known, _timeouts(config, config_origin) | settings_in(config, config_origin)


def kafka_settings(known: Known) -> dict[str, Found]:
    """Return the broker that host and port name."""
    address = {key: known[f"kafka.{key}"] for key in ("host", "port") if f"kafka.{key}" in known}
    return bootstrap(address)


def mail_settings(known: Known) -> dict[str, Found]:
    """Return the mail server; nothing if the files name one without a login.

    The original sends no mail without user and password, and its installer's templates name a
    server all the same.
    """
    host = known.get("smtp.host")
    login = {"smtp.user", "smtp.password"} <= known.keys()
    if host is None or not (login or host.origin.startswith("environment ")):
        return {}
    names = ("host", "port", "user", "password")
    found = {
        f"email.{'username' if name == 'user' else name}": known[f"smtp.{name}"]
        for name in names
        if f"smtp.{name}" in known
    }
    port = known.get("smtp.port")
    if port is not None and str(port.value).strip() == _IMPLICIT_TLS_PORT:
        found["email.tls"] = Found("implicit", port.origin)
    return found | _sender(known)


def _sender(known: Known) -> dict[str, Found]:
    address = known.get("from.address") or known.get("smtp.user")
    if address is None or "@" not in str(address.value):
        return {}
    name = known.get("from.name")
    text = formataddr((str(name.value), str(address.value))) if name else str(address.value)
    return {"email.from_address": Found(text, address.origin)}


def _mail_in(document: Mapping[str, object], origin: str) -> Known:
    notifications = section(document, "notifications", origin)
    email = section(notifications, "email", f"{origin}: notifications")
    found = _texts(email, _MAIL_KEYS, origin)
    if str(getattr(found.get("from.address"), "value", "")) == _PLACEHOLDER:
        del found["from.address"]
    return found


def _timeouts(config: Mapping[str, object], origin: str) -> dict[str, Found]:
    notifications = section(config, "notifications", origin)
    found: dict[str, Found] = {}
    for channel, setting in (("email", "email.timeout"), ("discord", "webhook.timeout")):
        values = section(notifications, channel, f"{origin}: notifications")
        found |= _texts(values, {"timeout": setting}, origin)
    return found


def _texts(values: Mapping[str, object], names: Mapping[str, str], origin: str) -> Known:
    """Take values that are written out; ``{YourEmail}``, which YAML reads as a mapping, is not."""
    return {
        key: Found(values[name], origin)
        for name, key in names.items()
        if isinstance(values.get(name), str) and values[name] != ""
    }


def _file(folder: Path, shown: str, name: str) -> tuple[Mapping[str, object], str]:
    origin = shown + name
    return parse_yaml(read_text(folder / name, origin) or "", origin), origin
