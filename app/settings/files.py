"""Reads the files that hold settings: YAML in the user's home, and ``.env``.

Every fault is one line with file and place. What stands at that place is never quoted: it may be
a secret.
"""

import io
from collections.abc import Mapping
from ipaddress import IPv6Address
from pathlib import Path
from typing import NamedTuple

import yaml
from dotenv.parser import parse_stream

from app.settings.models import SETTINGS
from app.values.errors import SettingsError

_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"", "0", "false", "no", "off", "n", "f"})
_RESOLVED = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")


class Found(NamedTuple):
    """A value and its source, as it may be shown."""

    value: object
    origin: str


class _TextLoader(yaml.SafeLoader):
    """Leaves scalars as they are written, so that a password of 0123 is not read as 83."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class's own attribute, of that shape
        first: [(tag, pattern) for tag, pattern in resolvers if tag in _RESOLVED]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_text(path: Path, shown: str) -> str | None:
    """Return a file's text, or None if there is no such file.

    Args:
        shown: Its name in errors.

    Raises:
        SettingsError: It is there and cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"{shown}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{shown}: is not UTF-8 text (byte {error.start})") from None


def parse_dotenv(text: str, shown: str) -> dict[str, str]:
    """Read ``NAME=value`` lines; quotes, comments and ``export`` as in python-dotenv.

    Values are literal: ``${NAME}`` is not replaced, since passwords may hold it.

    Raises:
        SettingsError: A line is not of that form.
    """
    variables: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            # A statement begins with the empty lines before it.
            blank = len(binding.original.string) - len(binding.original.string.lstrip())
            line = binding.original.line + binding.original.string[:blank].count("\n")
            raise SettingsError(f"{shown}: line {line} is not NAME=value")
        if binding.key is not None and binding.value is not None:
            variables[binding.key] = binding.value
    return variables


def parse_yaml(text: str, shown: str) -> Mapping[str, object]:
    """Read a YAML mapping; keys are lower-cased, scalars stay text.

    Raises:
        SettingsError: It is not YAML, or not a mapping.
    """
    try:
        document = _TextLoader(text).get_single_data()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise SettingsError(f"{shown}: is not valid YAML{place}") from None
    except (ValueError, RecursionError):
        raise SettingsError(f"{shown}: is not valid YAML") from None
    return _mapping(document, shown)


def section(document: Mapping[str, object], key: str, shown: str) -> Mapping[str, object]:
    """Return the mapping under a key; an absent or empty one is an empty mapping.

    Raises:
        SettingsError: Something else stands there.
    """
    return _mapping(document.get(key), f"{shown}: {key}")


def _mapping(value: object, shown: str) -> Mapping[str, object]:
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise SettingsError(f"{shown}: must be a mapping of names to values")
    return {str(key).lower(): inner for key, inner in value.items()}


def settings_in(document: Mapping[str, object], origin: str) -> dict[str, Found]:
    """Return the settings that a configuration file holds, apart from ``kafka.host``, ``.port``.

    These are the ``notifier:`` mapping and ``debug: true``. Unknown keys are ignored.

    Raises:
        SettingsError: A group of settings is not a mapping, or ``debug`` is neither on nor off.
    """
    found: dict[str, Found] = {}
    if _is_on(document.get("debug"), origin):
        found["log.level"] = Found("DEBUG", origin)
    own = section(document, "notifier", origin)
    for name in SETTINGS:
        group, _, leaf = name.rpartition(".")
        values = section(own, group, f"{origin}: notifier") if group else own
        if values.get(leaf) not in (None, ""):
            found[name] = Found(values[leaf], origin)
    return found


def _is_on(value: object, origin: str) -> bool:
    text = str(value or "").lower()
    if text not in _TRUE | _FALSE:
        raise SettingsError(f"{origin}: debug must be true or false")
    return text in _TRUE


def bootstrap(address: Mapping[str, Found]) -> dict[str, Found]:
    """Make bootstrap servers of a host and a port.

    A host alone means port 9092, a port alone means localhost. Several hosts, separated by
    commas, share the port.
    """
    if not address:
        return {}
    host = str(address["host"].value) if "host" in address else "localhost"
    port = f":{address['port'].value}" if "port" in address else ""
    servers = ",".join(f"{_bracketed(part.strip())}{port}" for part in host.split(","))
    origins = dict.fromkeys(found.origin for found in address.values())
    return {"kafka.bootstrap_servers": Found(servers, ", ".join(origins))}


def _bracketed(host: str) -> str:
    try:
        return f"[{IPv6Address(host)}]"
    except ValueError:
        return host
