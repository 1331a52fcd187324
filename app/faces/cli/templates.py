"""``notifier templates``: lists message templates, and renders one of them."""

from collections.abc import Iterator

import click

from app.edges.templates import Templates, load_templates
from app.faces.cli.columns import label, pad
from app.faces.cli.output import echo, plain_errors
from app.language.speaking import translate
from app.policies.parsing import RenderedMessage
from app.policies.parsing.json_text import read_json
from app.settings.load import load_from_process
from app.values.errors import InvalidRecordError


@click.group(name="templates", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List the message templates, or render one."""
    if context.invoked_subcommand is None:
        with plain_errors():
            templates = _load()
            for template_id in templates.ids:
                echo(_line(templates, template_id))


@command.command()
@click.argument("template_id", metavar="ID")
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="A variable; a value that is JSON is read as such. May be repeated.",
)
def render(template_id: str, values: tuple[str, ...]) -> None:
    """Render a template with its variables. Nothing is sent."""
    context = dict(map(read_variable, values))
    with plain_errors():
        message = _load().render(template_id, context)
    for line in described(message):
        echo(line)


def read_variable(text: str) -> tuple[str, object]:
    """Read ``name=value``.

    Raises:
        click.BadParameter: It has no name.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.BadParameter(f"expected NAME=VALUE, got {text!r}", param_hint="--set")
    try:
        return name.strip(), read_json(value.encode())
    except InvalidRecordError:
        return name.strip(), value


def described(message: RenderedMessage) -> Iterator[str]:
    """Yield a message as lines, with the variables that were missing."""
    parts = {
        translate("title"): message.title,
        translate("color"): None if message.color is None else f"#{message.color:06X}",
        translate("url"): message.url,
        translate("author"): message.author.name if message.author else None,
        translate("footer"): message.footer.text if message.footer else None,
    }
    yield from (f"{label(name, 8)}{value}" for name, value in parts.items() if value is not None)
    yield from ("", *message.content.splitlines())
    if message.fields:
        yield ""
        for field in message.fields:
            inline = f" {translate('(inline)')}" if field.inline else ""
            yield f"{field.name}: {field.value}{inline}"
    if message.html is not None:
        yield from ("", translate(f"HTML for mail: {len(message.html):,} characters"))
    if message.notes:
        yield ""
        yield from (
            f"{translate('note')}: {note.field}: {translate(note.problem)}"
            for note in message.notes
        )


def _load() -> Templates:
    return load_templates(load_from_process().settings.templates_dir)


def _line(templates: Templates, template_id: str) -> str:
    own = translate("own") if templates.is_own(template_id) else ""
    return f"{template_id:<24}  {pad(own, 4)}{', '.join(templates.variables(template_id))}"
