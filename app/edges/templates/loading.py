"""Reading template files, checking them, rendering them."""

import functools
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Template, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2 import Environment as JinjaEnvironment
from jinja2.meta import find_referenced_templates, find_undeclared_variables

from app.edges.templates.rendering import BLOCKS, Source, render
from app.edges.templates.values import Environment
from app.policies.parsing import RenderedMessage
from app.policies.parsing.colors import direction_color, level_color
from app.resources import templates_directory
from app.values.errors import TemplateError

_TEXT, _HTML = ".txt.j2", ".html.j2"
_BUILT_IN = templates_directory() / "messages"
_SAYING = ("content", "title", "fields")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")


class Templates:
    """The templates in force.

    Args:
        files: The templates' files by name; own ones have replaced built-in ones.

    Raises:
        TemplateError: A file cannot be used; the text names it, the line and the reason.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._sources = {name: _read(path) for name, path in files.items()}
        self._loader = _Parsed()
        self._environment = Environment(
            loader=self._loader,
            autoescape=lambda name: name is not None and name.endswith(_HTML),
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
            auto_reload=False,
        )
        self._environment.filters.update(direction_color=direction_color, level_color=level_color)
        for name, source in self._sources.items():
            self._loader.trees[name] = self._parse(name, source)
        for name in self._sources:
            self._check(name)
        self._texts = {
            name.removesuffix(_TEXT): self._environment.get_template(name)
            for name in self._sources
            if name.endswith(_TEXT) and not name.startswith("_")
        }
        for template in self._texts.values():
            self._check_blocks(template)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that messages can name."""
        return tuple(sorted(self._texts))

    def variables(self, template_id: str) -> tuple[str, ...]:
        """Return the variables that a template's text takes, in the order of their names."""
        tree = self._loader.trees[f"{template_id}{_TEXT}"]
        return tuple(sorted(find_undeclared_variables(tree) - _own_names(tree)))

    def is_own(self, template_id: str) -> bool:
        """Say whether a template's text is the operator's own, not a built-in one."""
        return self._files[f"{template_id}{_TEXT}"].parent != _BUILT_IN

    def render(self, template_id: str, context: Mapping[str, object]) -> RenderedMessage:
        """Render a template.

        Raises:
            TemplateError: It is unknown, or failed on this context.
        """
        template = self._texts.get(template_id)
        if template is None:
            known = ", ".join(self.ids)
            raise TemplateError(f"template {template_id[:100]!r} is unknown; there are: {known}")
        page = None
        if f"{template_id}{_HTML}" in self._files:
            page = self._environment.get_template(f"{template_id}{_HTML}")
        return render(self._environment, Source(template_id, template, page), context)

    def _parse(self, name: str, source: str) -> nodes.Template:
        path = self._files[name]
        template_id = name.removesuffix(_TEXT).removesuffix(_HTML)
        if not name.startswith("_"):
            if template_id == name or not _ID.fullmatch(template_id):
                raise TemplateError(f"{path}: a template is named <id>{_TEXT} or <id>{_HTML}")
            if f"{template_id}{_TEXT}" not in self._files:
                raise TemplateError(f"{path}: there is no {template_id}{_TEXT} beside it")
        try:
            return self._environment.parse(source, name, str(path))
        except TemplateSyntaxError as error:
            raise TemplateError(f"{path}:{error.lineno}: {error.message}") from None

    def _check(self, name: str) -> None:
        path = self._files[name]
        try:
            self._environment.get_template(name)
        except TemplateSyntaxError as error:
            raise TemplateError(f"{path}:{error.lineno}: {error.message}") from None
        for reference in find_referenced_templates(self._loader.trees[name]):
            if reference is not None and reference not in self._files:
                raise TemplateError(f"{path}: it refers to {reference}, which is not there")

    def _check_blocks(self, template: Template) -> None:
        path = self._files[template.name or ""]
        unknown = sorted(set(template.blocks) - set(BLOCKS))
        if unknown:
            known = ", ".join(BLOCKS)
            raise TemplateError(f"{path}: block {unknown[0]!r} is unknown; there are: {known}")
        extends = any(find_referenced_templates(self._loader.trees[template.name or ""]))
        if not extends and not any(name in template.blocks for name in _SAYING):
            raise TemplateError(f"{path}: block 'content' is missing")


class _Parsed(BaseLoader):
    """Compiles what was parsed before: parsing is most of the work."""

    def __init__(self) -> None:
        self.trees: dict[str, nodes.Template] = {}

    def load(
        self,
        environment: JinjaEnvironment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - jinja's
    ) -> Template:
        """Return a template."""
        if name not in self.trees:
            raise TemplateNotFound(name)
        code = environment.compile(self.trees[name], name)
        return environment.template_class.from_code(environment, code, globals or {})


def _own_names(tree: nodes.Template) -> set[str]:
    """Return the names that a template sets itself, unless it makes them of a variable so named."""
    own = set()
    for assignment in tree.find_all(nodes.Assign):
        used = {name.name for name in assignment.node.find_all(nodes.Name)}
        if isinstance(assignment.target, nodes.Name) and assignment.target.name not in used:
            own.add(assignment.target.name)
    return own


def load_templates(directory: Path | None) -> Templates:
    """Read and check the built-in templates and those of one's own.

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
