"""How values read in templates, and the stand-in for a missing one."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NoReturn

from jinja2 import Undefined, UndefinedError
from jinja2.exceptions import TemplateRuntimeError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from app.policies.texts.numbers import plain_number

_MARKS = str.maketrans({"\n": "\ufdd0", "\r": None, "|": "\ufdd1"})
_MARKED = str.maketrans({"\ufdd0": "\n", "\ufdd1": "|"})
"""A value's line breaks and bars, while the block ``fields`` is taken apart."""

_OF_NUMBERS = ("abs", "float", "int", "round", "format", "filesizeformat")


class Missing(Undefined):
    """Stands for a missing variable: it is empty, and so is everything made of it."""

    __slots__ = ()
    # the names of those that were shown, or gone through; a test whether something is there
    # (``{% if x %}``, ``default``) is no use of it
    shown: ClassVar[dict[str, None]] = {}

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)
        if exc is not UndefinedError:  # the sandbox's: it is not missing, it is forbidden
            raise exc(hint)

    def __str__(self) -> str:
        self.shown[str(self._undefined_name)] = None
        return ""

    def __html__(self) -> str:
        return str(self)

    def __format__(self, _: str) -> str:
        return str(self)

    def __iter__(self) -> Iterator[Any]:
        str(self)
        return iter(())

    def __getattr__(self, name: str) -> "Missing":
        if name.startswith("__"):
            raise AttributeError(name)
        return self


def _itself(itself: Missing, *_: object, **__: object) -> Missing:
    return itself


def _never(_: Missing, __: object) -> bool:
    return False


def _no_number(_: Missing) -> NoReturn:
    raise TypeError("what is missing is no number")


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
_TOTAL: dict[Callable[..., Any], tuple[str, ...]] = {
    _itself: (
        *(*_BINARY, *(f"r{name}" for name in _BINARY)),
        *("neg", "pos", "round", "getitem", "call"),
    ),
    _never: ("lt", "le", "gt", "ge"),
    _no_number: ("int", "float", "complex"),
}
"""Operations that Jinja's own value refuses, and their results here."""
for _method, _names in _TOTAL.items():
    for _name in _names:
        setattr(Missing, f"__{_name}__", _method)


class Environment(ImmutableSandboxedEnvironment):
    """A sandbox whose values read as a person writes them."""

    def __init__(self, **options: Any) -> None:
        # the names of variables that were missing and shown, since it was last emptied
        self.missed: dict[str, None] = {}
        # whether to mark line breaks and bars of values, to tell them from the template's
        self.marking = False
        super().__init__(
            undefined=type("Missing", (Missing,), {"__slots__": (), "shown": self.missed}),
            finalize=self._written,
            **options,
        )
        self.filters.update({name: _unless_missing(self.filters[name]) for name in _OF_NUMBERS})

    def _written(self, value: Any) -> Any:
        if value is None:
            return ""
        if isinstance(value, float):
            value = plain_number(value)
        return str(value).translate(_MARKS) if self.marking else value


def without_marks(text: str) -> str:
    """Return a text with the line breaks and bars that its values had."""
    return text.translate(_MARKED)


def _unless_missing(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that makes a missing value empty, rather than a zero or an error."""

    def applied(*values: Any, **options: Any) -> Any:
        for each in (*values, *options.values()):
            if isinstance(each, Undefined):
                return each
        return filter_(*values, **options)

    return applied
