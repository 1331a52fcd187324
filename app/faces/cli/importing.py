"""``notifier import``: recipients and templates of the system that somebody comes from."""

import os
from pathlib import Path

import click

from app.edges.channels import CHANNELS
from app.edges.ginkgo_database import read_tables
from app.faces.cli.output import CONTEXT, echo, plain_errors, say
from app.policies.channels import Channels
from app.policies.service.ginkgo_import import import_recipients, import_templates
from app.values.errors import NotifierError

RECIPIENTS = Path("recipients.yaml")
TEMPLATES = Path("message-templates")
_HEAD = "# Made by `notifier import ginkgo`. It holds secret addresses: keep it to yourself.\n"


@click.group("import", context_settings=CONTEXT)
def command() -> None:
    """Bring over recipients and templates from another system."""


@command.command()
@click.option(
    "--mysql",
    required=True,
    metavar="URL",
    envvar="GINKGO_MYSQL_URL",
    help="Ginkgo's database: mysql://user:password@host:port/database. Nothing is written to it.",
)
@click.option(
    "--templates",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The output of `mongoexport --collection notification_templates`.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=RECIPIENTS,
    show_default=True,
    help="The recipients file to write.",
)
@click.option(
    "--templates-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=TEMPLATES,
    show_default=True,
    help="Folder for the templates.",
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def ginkgo(
    mysql: str, templates: Path | None, output: Path, templates_dir: Path, force: bool
) -> None:
    """Write Ginkgo's users, contacts and groups into a recipients file."""
    with plain_errors():
        imported = import_recipients(read_tables(mysql), Channels(CHANNELS))
        _write(output, _HEAD + imported.document, force=force)
        say(f"{output}: {imported.users} users, {imported.groups} groups")
        left_out = [*imported.left_out]
        if templates is not None:
            left_out += _import_templates(templates, templates_dir, force=force)
    for line in left_out:
        say(f"left out: {line}", err=True)
    say(f"Use it: NOTIFIER_RECIPIENTS_FILE={output.absolute()}")
    if templates is not None:
        echo(f"        NOTIFIER_TEMPLATES_DIR={templates_dir.absolute()}")


def _import_templates(exported: Path, folder: Path, *, force: bool) -> tuple[str, ...]:
    try:
        imported = import_templates(exported.read_text(encoding="utf-8-sig"))
    except (OSError, TypeError, ValueError) as error:
        raise NotifierError(f"{exported}: {error}") from None
    for name, text in imported.files.items():
        _write(folder / name, text, force=force)
    say(f"{folder}: {len(imported.files)} message templates")
    return imported.left_out


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write a file that only its owner may read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise NotifierError(f"{path} exists already: --force overwrites it") from None
    except OSError as error:
        raise NotifierError(f"{path}: {error.strerror}") from None
