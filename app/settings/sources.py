"""The sources of settings, each as what was found in it."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from app.settings.files import (
    Found,
    address_in,
    bootstrap,
    parse_dotenv,
    parse_yaml,
    read_text,
    section,
    settings_in,
)
from app.settings.models import PREFIX, SETTINGS, env_name
from app.values.errors import SettingsError

ENVIRONMENT = "environment"
DOTENV = ".env"
CONFIG_FILE = "NOTIFIER_CONFIG_FILE"
_GINKGO = "~/.ginkgo/"
# Names of this service that are no settings: this one, the client's key, the test suite's broker.
_OTHER_NAMES = frozenset({CONFIG_FILE, "NOTIFIER_API_KEY", "NOTIFIER_TEST_KAFKA"})
_FLAGS = {
    "kafka.group_id": "--group-id",
    "kafka.auto_offset_reset": "--auto-offset",
    "report.interval": "--status-interval",
    "report.initial_delay": "--initial-delay",
    "log.level": "--debug",
}


def read_dotenv(directory: Path) -> dict[str, str]:
    """Return the variables of ``.env`` in that directory; none without such a file."""
    text = read_text(directory / DOTENV, DOTENV)
    return parse_dotenv(text, DOTENV) if text else {}


def from_flags(flags: Mapping[str, object]) -> dict[str, Found]:
    """Take the flags that were given, by the dotted names of their settings."""
    return {
        name: Found(value, f"flag {_FLAGS[name]}")
        for name, value in flags.items()
        if value is not None
    }


def from_variables(variables: Mapping[str, str], place: str) -> dict[str, Found]:
    """Pick the settings out of variables, whatever their case; an empty one is as good as none.

    Args:
        variables: Values by name.
        place: ``ENVIRONMENT`` or ``DOTENV``.
    """
    found = {}
    for name in SETTINGS:
        if value := _variable(variables, env_name(name)):
            origin = f"{ENVIRONMENT} {env_name(name)}" if place == ENVIRONMENT else place
            found[name] = Found(value, origin)
    return found


def unknown_names(variables: Mapping[str, str], place: str) -> Iterator[str]:
    """Refuse names that begin like a setting's and are none: a typing error, most likely."""
    known = _OTHER_NAMES | {env_name(name) for name in SETTINGS}
    endings = {name.removeprefix(PREFIX): name for name in known}
    for name in sorted({name.upper() for name in variables} - known):
        if name.startswith(PREFIX):
            close = get_close_matches(name.removeprefix(PREFIX), endings, n=1)
            hint = f"; did you mean {endings[close[0]]}?" if close else ""
            yield f"{name}: there is no such setting{hint} (from {place})"


def config_file(variables: Mapping[str, str]) -> str:
    """Return the configuration file that variables name, or an empty string."""
    return _variable(variables, CONFIG_FILE)


def from_files(
    environ: Mapping[str, str], named: str, home: Path, directory: Path
) -> dict[str, Found]:
    """Read the configuration file, or else what the original system writes.

    Args:
        environ: Environment variables, for those of the original.
        named: The file that ``NOTIFIER_CONFIG_FILE`` names; empty for the user's own.
        home: Where ``.ginkgo`` is looked for, and what ``~`` means.
        directory: What a relative ``named`` starts from.

    Raises:
        SettingsError: A file cannot be read or understood, or a named one is missing.
    """
    if named:
        path = home / named[2:] if named.startswith("~/") else directory / named
        text = read_text(path, f"{CONFIG_FILE}: {named}")
        if text is None:
            raise SettingsError(f"{CONFIG_FILE}: {named}: there is no such file")
        return _from_config(text, named)
    origin = f"{_GINKGO}config.yaml"
    text = read_text(home / ".ginkgo" / "config.yaml", origin)
    return _from_original(environ, home) if text is None else _from_config(text, origin)


def _variable(variables: Mapping[str, str], wanted: str) -> str:
    """Return a variable whatever the case of its name; the usual spelling goes first."""
    others = (value for name, value in variables.items() if name.upper() == wanted)
    return variables.get(wanted) or next(others, "")


def _from_config(text: str, origin: str) -> dict[str, Found]:
    document = parse_yaml(text, origin)
    address = address_in(section(document, "kafka", origin), origin)
    return bootstrap(address) | settings_in(document, origin)


def _from_original(environ: Mapping[str, str], home: Path) -> dict[str, Found]:
    """Look for host and port as the original does: environment, secure.yml, config.yml."""
    config, config_origin = _ginkgo_file(home, "config.yml")
    secure, secure_origin = _ginkgo_file(home, "secure.yml")
    database = section(secure, "database", secure_origin)
    address = (
        address_in(section(config, "kafka", config_origin), config_origin)
        | address_in(section(database, "kafka", secure_origin), secure_origin)
        | {
            key: Found(environ[name], f"{ENVIRONMENT} {name}")
            for key, name in (("host", "GINKGO_KAFKA_HOST"), ("port", "GINKGO_KAFKA_PORT"))
            if environ.get(name)
        }
    )
    return bootstrap(address) | settings_in(config, config_origin)


def _ginkgo_file(home: Path, name: str) -> tuple[Mapping[str, object], str]:
    origin = _GINKGO + name
    return parse_yaml(read_text(home / ".ginkgo" / name, origin) or "", origin), origin
