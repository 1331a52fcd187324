"""Rendering one template: each block by itself, so that one that fails takes no other with it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from jinja2 import Template
from jinja2.runtime import Context

from app.edges.templates.values import Environment, without_marks
from app.policies.parsing import RenderedMessage
from app.policies.parsing.colors import read_color
from app.policies.texts.notes import Notes
from app.values.errors import TemplateError
from app.values.notification import Author, Field, Footer

T = TypeVar("T")

BLOCKS = ("title", "content", "color", "url", "author", "footer", "fields")
MAX_OUTPUT = 1_000_000  # characters; a Kafka record holds about as many
MOST_FIELDS = 250

_INLINE = {"inline": True, "true": True, "yes": True, "false": False, "no": False, "": False}


class Source(NamedTuple):
    """One message template."""

    id: str
    text: Template
    page: Template | None


def render(
    environment: Environment, source: Source, values: Mapping[str, object]
) -> RenderedMessage:
    """Make a message of a template and a context.

    Raises:
        TemplateError: It says nothing, or its text failed on this context.
    """
    environment.missed.clear()
    return _Rendering(environment, source, values).message()


class _Rendering:
    def __init__(
        self, environment: Environment, source: Source, values: Mapping[str, object]
    ) -> None:
        self._environment = environment
        self._source = source
        self._values = dict(values)
        self._context = source.text.new_context(dict(values))
        self._notes = Notes()

    def message(self) -> RenderedMessage:
        content = self._or_refused(self._content)
        title = self._line("title")
        fields = self._or_noted("fields", self._fields) or ()
        if not content:
            content, title = title or _listed(fields), ""
        if not content:
            raise self._failed(TemplateError("it rendered no content"))
        color = self._or_noted("color", self._color)
        url, author, footer = self._line("url"), self._line("author"), self._line("footer")
        html = self._or_noted("html", self._html)
        for name in self._environment.missed:
            self._notes.add(f"context.{name}", "is missing; left empty")
        return RenderedMessage(
            content=content,
            title=title or None,
            color=color,
            html=html or None,
            url=url or None,
            author=Author(author) if author else None,
            footer=Footer(footer) if footer else None,
            fields=fields,
            notes=self._notes.all(),
        )

    def _content(self) -> str:
        _run_outside_blocks(self._source.text, self._context)
        return self._block("content")

    def _line(self, name: str) -> str:
        return self._or_noted(name, lambda: " ".join(self._block(name).split())) or ""

    def _color(self) -> int | None:
        written = self._block("color")
        return read_color(written) if written else None

    def _fields(self) -> tuple[Field, ...]:
        """Read one field a line; values may hold line breaks and bars of their own."""
        self._environment.marking = True
        try:
            lines = self._block("fields").split("\n")
        finally:
            self._environment.marking = False
        fields = [_field(line) for line in lines if line.strip()]
        if len(fields) > MOST_FIELDS:
            self._notes.add("fields", f"{len(fields):,}; those beyond {MOST_FIELDS} are left out")
        return tuple(field for field in fields[:MOST_FIELDS] if field.value)

    def _html(self) -> str | None:
        page = self._source.page
        if page is None:
            return None
        return _join(page.root_render_func(page.new_context(self._values)))

    def _block(self, name: str) -> str:
        blocks = self._context.blocks.get(name)
        return _join(blocks[0](self._context)).strip() if blocks else ""

    def _or_noted(self, name: str, make: Callable[[], T]) -> T | None:
        """Make a decorating part; leave it out with a note if that fails."""
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - templates can raise anything, given any data
            self._notes.left_out(name, str(self._failed(error)))
            return None

    def _or_refused(self, make: Callable[[], str]) -> str:
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - as above
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> TemplateError:
        return TemplateError(f"template {self._source.id!r}{_place(error)}: {error}")


def _run_outside_blocks(template: Template, context: Context) -> None:
    """Run the statements outside the blocks (set, import, extends): they count for them, too."""
    for name in BLOCKS:
        context.blocks.setdefault(name, []).insert(0, _nothing)
    _join(template.root_render_func(context))
    for name in BLOCKS:
        del context.blocks[name][0]


def _nothing(_: Context) -> Iterator[str]:
    return iter(())


def _field(line: str) -> Field:
    name, *parts = (part.strip() for part in line.split("|"))
    inline = False
    if len(parts) > 1 and parts[-1].lower() in _INLINE:
        inline = _INLINE[parts.pop().lower()]
    return Field(without_marks(name), without_marks(" | ".join(parts)), inline)


def _listed(fields: Iterable[Field]) -> str:
    return "\n".join(f"{field.name}: {field.value}" for field in fields)


def _join(pieces: Iterable[str]) -> str:
    """Put the output together, and stop in time if it never ends."""
    length, output = 0, []
    for piece in pieces:
        length += len(piece)
        if length > MAX_OUTPUT:
            raise TemplateError(f"it rendered more than {MAX_OUTPUT} characters")
        output.append(piece)
    return "".join(output)


def _place(error: Exception) -> str:
    """Return file and line of the template that an error came up in, if it did in one."""
    place, traceback = "", error.__traceback__
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            place = f" ({template.name}:{template.get_corresponding_lineno(traceback.tb_lineno)})"
        traceback = traceback.tb_next
    return place
