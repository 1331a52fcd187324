"""Loads settings: finds which source each comes from, and checks them."""

import json
import os
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import InitSettingsSource

from app.policies.addresses.proxies import Proxies, ProxyError, find_proxies
from app.policies.redaction import Secrets, scrub, veil
from app.policies.telemetry.exporting import Exporting, exporting
from app.settings import checks, sources
from app.settings.files import Found
from app.settings.models import SETTINGS, Settings, env_name
from app.values.errors import SettingsError

DEFAULT = "default"
_MASK = "***"


@dataclass(frozen=True)
class LoadedSettings:
    """Settings, and where each came from."""

    settings: Settings
    # by dotted name: ``flag --group-id``, ``environment NOTIFIER_KAFKA__GROUP_ID``, ``.env``,
    # ``~/.ginkgo/config.yaml`` or another file, ``default``
    sources: Mapping[str, str]
    # which proxies webhooks go through, by the settings or the environment's variables
    proxies: Proxies | None = None
    # where spans go, by OpenTelemetry's variables; None if nothing asks for any
    telemetry: Exporting | None = None

    def secret_values(self) -> frozenset[str]:
        """Return every secret in plain text, for the log to leave out."""
        passwords = self.proxies.secret_values() if self.proxies else frozenset()
        keys = self.telemetry.secrets if self.telemetry else frozenset()
        return self.settings.secret_values() | passwords | keys

    def describe(self) -> list[tuple[str, str, str]]:
        """List every setting: its name in the environment, its value, where it came from.

        Secrets are masked, wherever they stand; unset values are empty.
        """
        secrets = Secrets(self.secret_values(), distinct=True)
        return [
            (env_name(name), veil(show(self.settings.value(name)), secrets), self.sources[name])
            for name in SETTINGS
        ]


def load_from_process(
    flags: Mapping[str, object] | None = None, *, defaults: Mapping[str, object] | None = None
) -> LoadedSettings:
    """Load the settings of this process: its environment, home and working directory.

    Args:
        flags: As for ``load_settings``.
        defaults: As for ``load_settings``.

    Raises:
        SettingsError: As from ``load_settings``.
    """
    directory = Path.cwd()
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without an entry in /etc/passwd
        home = directory
    return load_settings(
        flags, defaults=defaults, environ=os.environ, home=home, directory=directory
    )


def load_settings(
    flags: Mapping[str, object] | None = None,
    *,
    defaults: Mapping[str, object] | None = None,
    environ: Mapping[str, str],
    home: Path,
    directory: Path,
) -> LoadedSettings:
    """Load settings from all their sources and check them.

    Args:
        flags: The command line's values, by dotted name; None means not given.
        defaults: A command's own defaults, by dotted name, below every other source.
        home: The folder that may have ``.ginkgo``.
        directory: The folder that may have ``.env``; relative paths start there.

    Raises:
        SettingsError: One line that names every wrong setting, its problem and its source.
    """
    dotenv = sources.read_dotenv(directory)
    named = sources.config_file(environ) or sources.config_file(dotenv)
    layers: Layers = (
        sources.from_flags(flags or {}),
        sources.from_variables(environ, sources.ENVIRONMENT),
        sources.from_variables(dotenv, sources.DOTENV),
        sources.from_files(environ, named, home, directory),
        {name: Found(value, DEFAULT) for name, value in (defaults or {}).items()},
    )
    origins = {name: _origin(name, layers) for name in SETTINGS}
    unknown = [
        *sources.unknown_names(environ, sources.ENVIRONMENT),
        *sources.unknown_names(dotenv, sources.DOTENV),
    ]
    secrets = _secrets_in(layers)
    try:
        settings = _validate(layers, origins, unknown, secrets)
        return LoadedSettings(settings, origins, _proxies(settings, environ), exporting(environ))
    except SettingsError as error:
        # A secret may stand in the wrong setting: a webhook's address as a topic's name.
        raise SettingsError(scrub(str(error), secrets)) from None


def _proxies(settings: Settings, environ: Mapping[str, str]) -> Proxies | None:
    webhook = settings.webhook
    proxy = webhook.proxy.get_secret_value() if webhook.proxy else None
    try:
        return find_proxies(proxy, webhook.no_proxy, environ, env_name("webhook.proxy"))
    except ProxyError as error:
        raise SettingsError(f"{error} (from environment)") from None


def broker_line(loaded: LoadedSettings) -> str:
    """Say which broker is used and why: the first line of the log."""
    servers = loaded.settings.kafka.bootstrap_servers
    source = loaded.sources["kafka.bootstrap_servers"]
    if source == DEFAULT:
        return f"Kafka broker: {servers} (by default: nothing names another)"
    return f"Kafka broker: {servers} (from {source})"


def show(value: object) -> str:
    """Write a setting's value as an operator would, secrets masked."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return _MASK
    if isinstance(value, tuple):
        return json.dumps([show(item) for item in value], ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


Layers = Sequence[Mapping[str, Found]]


def _origin(name: str, layers: Layers) -> str:
    return next((layer[name].origin for layer in layers if name in layer), DEFAULT)


def _secrets_in(layers: Layers) -> Secrets:
    """Return the values given for secret settings, whether they can be used or not."""
    given = (layer[name].value for layer in layers for name in layer if SETTINGS[name])
    return Secrets(chain.from_iterable(map(_texts, given)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(_texts, value.values()))
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_texts, value))
    elif value is not None:
        yield str(value)


def _nested(found: Mapping[str, Found]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, (value, _) in found.items():
        group, _, leaf = name.rpartition(".")
        (nested.setdefault(group, {}) if group else nested)[leaf] = value
    return nested


def _validate(
    layers: Layers, origins: Mapping[str, str], unknown: Sequence[str], secrets: Secrets
) -> Settings:
    stack = tuple(InitSettingsSource(Settings, _nested(layer)) for layer in layers)
    try:
        settings = Settings(_build_sources=(stack, {}))
    except ValidationError as error:
        wrong = [_problem(detail, origins, secrets) for detail in error.errors(include_url=False)]
        # No "from error": the chain would carry the rejected values, secrets among them.
        raise SettingsError("; ".join([*unknown, *filter(None, wrong)])) from None
    faults = [_line(name, problem, origins) for name, problem in checks.faults(settings)]
    if unknown or faults:
        raise SettingsError("; ".join([*unknown, *faults]))
    return settings


def _problem(detail: ErrorDetails, origins: Mapping[str, str], secrets: Secrets) -> str | None:
    """Turn one of pydantic's errors into a line's worth; None if it only follows from others."""
    if detail["type"] == "default_factory_not_called":
        return None
    loc = detail["loc"]
    names = (".".join(map(str, loc[:end])) for end in (1, 2))
    name = next(name for name in names if name in SETTINGS)
    entry = f"entry {loc[-1] + 1} " if isinstance(loc[-1], int) else ""
    return _line(name, entry + _what_is_wrong(detail, None if SETTINGS[name] else secrets), origins)


def _what_is_wrong(detail: ErrorDetails, secrets: Secrets | None) -> str:
    """Name the fault; the value is quoted unless the setting is secret (None)."""
    if detail["type"] == "value_error":  # a validator of ours, which knows what it may quote
        return str(detail["ctx"]["error"])
    text = detail["msg"].removeprefix("Input ").partition(", unable")[0]
    given = detail["input"]
    if secrets is None or not isinstance(given, str | int | float):
        return text
    quoted = scrub(given, secrets) if isinstance(given, str) else given
    return f"{text}, not {reprlib.repr(quoted)}"


def _line(name: str, problem: str, origins: Mapping[str, str]) -> str:
    source = origins[name]
    if source == DEFAULT:
        return f"{env_name(name)}: {problem} (default)"
    return f"{env_name(name)}: {problem} (from {source})"
