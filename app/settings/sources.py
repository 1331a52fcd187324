"""The sources of settings, each as a mapping of the values found in it."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from app.settings.files import (
    Found,
    parse_dotenv,
    parse_yaml,
    read_text,
    section,
    settings_in,
)
from app.settings.ginkgo import (
    Known,
    kafka_settings,
    known_from_kafka,
    known_from_variables,
    mail_settings,
    read_original,
)
from app.settings.models import PREFIX, SETTINGS, env_name
from app.values.errors import SettingsError

ENVIRONMENT = "environment"
FLAG = "flag"
DOTENV = ".env"
CONFIG_FILE = "NOTIFIER_CONFIG_FILE"
_GINKGO = "~/.ginkgo/"
_GINKGO_DIR = "GINKGO_DIR"
# Names of this service that are no settings: this one, where the commands find the service and the
# key that they send it, the test suite's broker.
_OTHER_NAMES = frozenset({CONFIG_FILE, "NOTIFIER_URL", "NOTIFIER_API_KEY", "NOTIFIER_TEST_KAFKA"})
# Kubernetes tells every container where the services of its namespace are: those of one that is
# called notifier, or notifier-api, begin like settings.
_KUBERNETES = "KUBERNETES_SERVICE_HOST"
_LINK = "_SERVICE_HOST"
FLAGS = {
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
        name: Found(value, f"{FLAG} {FLAGS[name]}")
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
    links = _links(variables)
    endings = {name.removeprefix(PREFIX): name for name in known}
    for name in sorted({name.upper() for name in variables} - known):
        if name.startswith(PREFIX) and not name.startswith(links):
            close = get_close_matches(name.removeprefix(PREFIX), endings, n=1)
            hint = f"; did you mean {endings[close[0]]}?" if close else ""
            yield f"{name}: there is no such setting{hint} (from {place})"


def _links(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return how the names begin that Kubernetes has set for services that are called like us."""
    if _KUBERNETES not in variables:
        return ()
    services = [name.removesuffix(_LINK) for name in variables if name.endswith(_LINK)]
    ours = (name for name in services if f"{name}_".startswith(PREFIX))
    return tuple(f"{name}_{kind}" for name in ours for kind in ("SERVICE_", "PORT"))


def config_file(variables: Mapping[str, str]) -> str:
    """Return the configuration file that variables name, or an empty string."""
    return _variable(variables, CONFIG_FILE)


def from_files(
    environ: Mapping[str, str], named: str, home: Path, directory: Path
) -> dict[str, Found]:
    """Read the configuration file, or else the original system's own files.

    The original's own environment variables go before the values in any of these files.

    Args:
        environ: Environment variables, for those of the original.
        named: The file that ``NOTIFIER_CONFIG_FILE`` names; empty for the user's own.
        home: The folder that may have ``.ginkgo``, and that ``~`` stands for.
        directory: Relative paths start from it.

    Raises:
        SettingsError: A file cannot be read or understood, or a named one is missing.
    """
    written, settings = _read_files(environ, named, home, directory)
    given = known_from_variables(environ)
    known = written | given
    found = kafka_settings(written) | settings
    if any(key.startswith("kafka.") for key in given):
        found |= kafka_settings(known)
    if any(not key.startswith("kafka.") for key in given):
        return found | mail_settings(known)
    return mail_settings(known) | found


def _read_files(
    environ: Mapping[str, str], named: str, home: Path, directory: Path
) -> tuple[Known, dict[str, Found]]:
    """Return the files' values under the original's names, and the settings they name."""
    if named:
        path = home / named[2:] if named.startswith("~/") else directory / named
        text = read_text(path, f"{CONFIG_FILE}: {named}")
        if text is None:
            raise SettingsError(f"{CONFIG_FILE}: {named}: there is no such file")
        return _read_config(text, named)
    folder, shown = home / ".ginkgo", _GINKGO
    if given := environ.get(_GINKGO_DIR):
        folder = home / given[2:] if given.startswith("~/") else directory / given
        shown = f"{given.rstrip('/')}/"
    origin = f"{shown}config.yaml"
    text = read_text(folder / "config.yaml", origin)
    return read_original(folder, shown) if text is None else _read_config(text, origin)


def _variable(variables: Mapping[str, str], wanted: str) -> str:
    """Return a variable whatever the case of its name; the usual spelling goes first."""
    others = (value for name, value in variables.items() if name.upper() == wanted)
    return variables.get(wanted) or next(others, "")


def _read_config(text: str, origin: str) -> tuple[Known, dict[str, Found]]:
    document = parse_yaml(text, origin)
    kafka = section(document, "kafka", origin)
    return known_from_kafka(kafka, origin), settings_in(document, origin)
