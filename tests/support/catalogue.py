"""Brings the catalogue up to date with the texts of the code: ``make papers`` runs it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.faces.cli.notifier import command as notifier
from app.faces.cli.send_test import command as send_test
from app.faces.dashboard.view import BEHAVIOURS, TEST_TYPES
from app.language.catalogue import DOMAIN, LOCALES
from app.language.choice import Language
from app.settings.sources import FLAG, FLAGS
from app.start import command as start
from app.values.outcome import Reason
from app.values.snapshot import AttemptStatus, DestinationState, Status
from tests.support.sentences import sentences

ROOT: Final = Path(__file__).parents[2]
CHINESE: Final = LOCALES / Language.CHINESE / "LC_MESSAGES" / f"{DOMAIN}.po"
_HEADER: Final = f"""\
# The Chinese texts. `make papers` brings this file up to date; CONTRIBUTING.md ("Add a text") says how.
msgid ""
msgstr ""
"Language: {Language.CHINESE}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
_MARKED: Final = (
    ("templates/page", ROOT / "templates/page", "jinja2.ext:babel_extract"),
    ("app/faces/static", ROOT / "app/faces/static", "javascript"),
    ("click", Path(click.__file__).parent, "python"),
)
"""Folders whose texts are marked for translation, and Babel's way to find them."""
# Shells complete commands by scripts, and pagers and editors are not used here.
_UNUSED: Final = re.compile(r"click/(_|shell_completion|testing)|.*\.(css|svg)$")
STATES: Final = ("sent", "partial", "failed", "queued", "in_flight", "waiting", "deferred")
"""Of notifications, beside those of attempts (docs/contract.md)."""
_OF_PYDANTIC: Final = (
    "should be a valid integer, not {given}",
    "should be a valid boolean, not {given}",
    "should be a valid number, not {given}",
    "should be a finite number, not {given}",
    "should be greater than {least}, not {given}",
    "should be greater than or equal to {least}, not {given}",
    "should be less than or equal to {most}, not {given}",
    "should be {expected}, not {given}",
    "should be {expected} or {last}, not {given}",
)
"""What pydantic says of settings."""
_OF_OPENTELEMETRY: Final = (
    "Failed to export {kind} batch code: {code}, reason: {reason}",
    "Transient error {why} encountered while exporting {kind} batch, retrying in {seconds}s",
    '{pool}: Max retries exceeded with url: {path} (Caused by {fault}: [Errno {number}] {why}"))',
)
"""What it and its HTTP client say of a collector that takes nothing."""
_OF_CLICK: Final = (
    *("[OPTIONS]", "COMMAND [ARGS]..."),
    *("text", "integer range", "float range", "filename", "required"),
)
"""What click writes into a usage, and calls the types of options."""
_SOURCES: Final = ("environment {name}", *(f"{FLAG} {each}" for each in FLAGS.values()))
"""Where a setting comes from, in sentences about it."""
_OF_THE_SYSTEM: Final = (
    *("Address already in use", "All connection attempts failed", "Broken pipe", "File exists"),
    *("Cannot assign requested address", "Connection refused", "Connection reset by peer"),
    *("Connection timed out", "Is a directory", "Name or service not known", "No route to host"),
    *("Network is unreachable", "No such file or directory", "No space left on device"),
    *("Not a directory", "Operation not permitted", "Permission denied", "Read-only file system"),
    "Temporary failure in name resolution",
)
"""What the operating system says of files and connections, and httpx of it."""
_CHECKS: Final = (
    *("rights", "topics", "reading", "group", "lag", "offsets", "transactions", "deferred"),
    "clock",
)
"""What the doctor calls checks of Kafka that could not be made."""
MODES: Final = ("PAUSED", "PROBLEM", "FAILING")
"""Of a worker on the page, beside its statuses."""
_OPTIONS: Final = {"trimmed": "true", "newstyle_gettext": "true"}

Text = tuple[str, str | tuple[str, str]]
"""The file that a text stands in, and the text: or its singular and plural."""


def texts() -> Iterator[Text]:
    """Yield every text that people are shown, with the file it stands in."""
    yield from sentences(ROOT)
    yield from (("app/faces/static/format.js", each) for each in _state_words())
    yield from (("app/settings/load.py", each) for each in _OF_PYDANTIC)
    yield from (("app/edges/telemetry/exporters.py", each) for each in _OF_OPENTELEMETRY)
    yield from (("click/core.py", each) for each in _OF_CLICK)
    yield from (("app/settings/sources.py", each) for each in _SOURCES)
    yield from (("app/doctor/kafka.py", each) for each in _CHECKS)
    yield from (("app/edges", each) for each in _OF_THE_SYSTEM)
    for command in (start, send_test, notifier):
        yield from ((place, each) for place, each in help_texts(command))
    for name, folder, method in _MARKED:
        found = extract_from_dir(folder, [("**", method)], {"**": _OPTIONS})
        for place, _, text, _, _ in found:
            if not _UNUSED.match(f"{name}/{place}"):
                yield f"{name}/{place}", text if isinstance(text, str) else (text[0], text[1])


def _state_words() -> Iterator[str]:
    """Yield the states and results that the page and the command line name."""
    for values in (AttemptStatus, DestinationState, Status, Reason, STATES, MODES):
        yield from (value.replace("_", " ") for value in values)
    yield from (*TEST_TYPES.values(), *BEHAVIOURS.values())


def help_texts(command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield the descriptions of a command, its options and its commands."""
    place = "app/faces/cli"
    yield from ((place, text) for text in (command.help, command.epilog) if text)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            shown = parameter.show_default if isinstance(parameter.show_default, str) else None
            yield from ((place, text) for text in (parameter.help, shown) if text and " " in text)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from help_texts(each)


def template() -> Catalog:
    """Return the catalogue of all English texts, without translations."""
    catalog = Catalog(locale=Language.CHINESE, domain=DOMAIN)
    for place, text in sorted(set(texts()), key=str):
        catalog.add(text, locations=[(place, 0)], flags=_flags(place, text))
    return catalog


def _flags(place: str, text: str | tuple[str, str]) -> Iterable[str]:
    one = text if isinstance(text, str) else text[0]
    if "%(" in one:
        return ("python-format",)
    return ("python-brace-format",) if "{" in one and place.endswith(".py") else ()


def committed() -> Catalog:
    """Return the catalogue as it stands in the repository."""
    with CHINESE.open("rb") as file:
        return read_po(file, locale=Language.CHINESE, domain=DOMAIN)


def write(catalog: Catalog) -> None:
    """Write the catalogue as it stands in the repository."""
    with CHINESE.open("wb") as file:
        file.write(_HEADER.encode())
        write_po(
            file,
            catalog,
            width=100,
            omit_header=True,
            sort_by_file=True,
            ignore_obsolete=True,
            include_lineno=False,
        )


def main() -> None:
    """Write the catalogue: new texts without a translation, changed ones as fuzzy."""
    catalog = committed() if CHINESE.exists() else Catalog(locale=Language.CHINESE, domain=DOMAIN)
    catalog.update(template(), no_fuzzy_matching=False)
    write(catalog)


if __name__ == "__main__":
    main()
