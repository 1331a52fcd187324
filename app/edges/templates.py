"""Message templates: Jinja2 files that make a title, a text, a colour and perhaps HTML.

``<id>.txt.j2`` defines the blocks ``content`` and, if it likes, ``title`` and ``color``
(``#RRGGBB``); ``<id>.html.j2`` beside it is the HTML alternative for mail, with every value
escaped. Files whose names begin with ``_`` are parts for ``include``, ``import`` and ``extends``.
The filters ``direction_color`` and ``level_color`` give the service's own colours.

Templates of one's own go before the built-in ones of the same id; an own text does not keep the
built-in HTML. Everything is read and compiled when it is loaded, so a bad file shows then. Values
are data: a template in a value stays text. The sandbox keeps templates from reaching into Python.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import DictLoader, StrictUndefined, Template, TemplateSyntaxError
from jinja2.meta import find_referenced_templates
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.policies.parsing import RenderedMessage
from app.policies.parsing.colors import direction_color, level_color, read_color
from app.resources import templates_directory
from app.values.errors import TemplateError

MAX_OUTPUT = 1_000_000  # characters; a Kafka record holds about as many

_TEXT, _HTML = ".txt.j2", ".html.j2"
_BUILT_IN = templates_directory() / "messages"
_BLOCKS = ("title", "content", "color")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")


class Templates:
    """The templates in force.

    Args:
        files: Where each comes from, by file name; own ones have replaced built-in ones.

    Raises:
        TemplateError: A file cannot be used; the text names it, the line and the reason.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        sources = {name: _read(path) for name, path in files.items()}
        self._environment = ImmutableSandboxedEnvironment(
            loader=DictLoader(sources),
            autoescape=lambda name: name is not None and name.endswith(_HTML),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
            auto_reload=False,
        )
        self._environment.filters.update(direction_color=direction_color, level_color=level_color)
        for name, source in sources.items():
            self._check(name, source)
        self._texts = {
            name.removesuffix(_TEXT): self._environment.get_template(name)
            for name in sources
            if name.endswith(_TEXT) and not name.startswith("_")
        }
        for template in self._texts.values():
            self._check_blocks(template)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that messages can name."""
        return tuple(sorted(self._texts))

    def render(self, template_id: str, context: Mapping[str, object]) -> RenderedMessage:
        """Render a template.

        Raises:
            TemplateError: It is unknown, or failed on this context.
        """
        template = self._texts.get(template_id)
        if template is None:
            known = ", ".join(self.ids)
            raise TemplateError(f"template {template_id[:100]!r} is unknown; there are: {known}")
        try:
            return self._render(template_id, template, context)
        except Exception as error:  # noqa: BLE001 - templates can raise anything, given any data
            raise TemplateError(f"template {template_id!r}{_place(error)}: {error}") from None

    def _render(
        self, template_id: str, template: Template, values: Mapping[str, object]
    ) -> RenderedMessage:
        context = template.new_context(dict(values))
        # The whole runs first: what stands outside the blocks (set, import, extends) counts for
        # them, too.
        _join(template.root_render_func(context))
        content = _block(context, "content")
        if not content:
            raise TemplateError("it rendered no content")
        color = _block(context, "color")
        html_name = f"{template_id}{_HTML}"
        html = None
        if html_name in self._files:
            page = self._environment.get_template(html_name)
            html = _join(page.root_render_func(page.new_context(dict(values))))
        return RenderedMessage(
            content=content,
            title=" ".join(_block(context, "title").split()) or None,
            color=read_color(color) if color else None,
            html=html or None,
        )

    def _check(self, name: str, source: str) -> None:
        path = self._files[name]
        template_id = name.removesuffix(_TEXT).removesuffix(_HTML)
        if not name.startswith("_"):
            if template_id == name or not _ID.fullmatch(template_id):
                raise TemplateError(f"{path}: a template is named <id>{_TEXT} or <id>{_HTML}")
            if f"{template_id}{_TEXT}" not in self._files:
                raise TemplateError(f"{path}: there is no {template_id}{_TEXT} beside it")
        try:
            tree = self._environment.parse(source, name, str(path))
            self._environment.get_template(name)
        except TemplateSyntaxError as error:
            raise TemplateError(f"{path}:{error.lineno}: {error.message}") from None
        for reference in find_referenced_templates(tree):
            if reference is not None and reference not in self._files:
                raise TemplateError(f"{path}: it refers to {reference}, which is not there")

    def _check_blocks(self, template: Template) -> None:
        path = self._files[template.name or ""]
        unknown = sorted(set(template.blocks) - set(_BLOCKS))
        if unknown:
            known = ", ".join(_BLOCKS)
            raise TemplateError(f"{path}: block {unknown[0]!r} is unknown; there are: {known}")
        if "content" not in template.blocks:
            raise TemplateError(f"{path}: block 'content' is missing")


def load_templates(directory: Path | None) -> Templates:
    """Read and check the built-in templates and those of one's own.

    Args:
        directory: ``NOTIFIER_TEMPLATES_DIR``, or None.

    Raises:
        TemplateError: A file cannot be used; the text names it, the line and the reason.
    """
    if directory is None:
        return _built_in()
    built_in, own = _list(_BUILT_IN), _list(directory)
    for name in own:
        if name.endswith(_TEXT):
            built_in.pop(name.removesuffix(_TEXT) + _HTML, None)
    return Templates({**built_in, **own})


@functools.cache
def _built_in() -> Templates:
    """Compile them once: they do not change while the service runs."""
    return Templates(_list(_BUILT_IN))


def _list(directory: Path) -> dict[str, Path]:
    try:
        return {path.name: path for path in sorted(directory.iterdir()) if path.suffix == ".j2"}
    except OSError as error:
        raise TemplateError(f"{directory}: {error.strerror}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TemplateError(f"{path}: is not UTF-8") from None
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror}") from None


def _block(context: Context, name: str) -> str:
    blocks = context.blocks.get(name)
    return _join(blocks[0](context)).strip() if blocks else ""


def _join(pieces: Iterable[str]) -> str:
    """Put the output together, and stop in time where it never ends."""
    length, output = 0, []
    for piece in pieces:
        length += len(piece)
        if length > MAX_OUTPUT:
            raise TemplateError(f"it rendered more than {MAX_OUTPUT} characters")
        output.append(piece)
    return "".join(output)


def _place(error: Exception) -> str:
    """Return file and line of the template where an error came up, where it was in one."""
    place, traceback = "", error.__traceback__
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            place = f" ({template.name}:{template.get_corresponding_lineno(traceback.tb_lineno)})"
        traceback = traceback.tb_next
    return place
