"""Finds the sentences of the code that people may be shown, as templates with named values."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.settings.models import env_name

# Texts for programs and for whoever works on the service: they stay English (docs/contract.md).
_OTHERS: Final = re.compile(
    r"app/(?:inbox/|settings/(?:descriptions|reference)"  # stand-ins of English services; own tables
    r"|faces/api/(?:examples|openapi|application|events)|edges/metrics|faces/metrics"  # OpenAPI, metrics
    r"|policies/texts/(?:report|test_messages)|shutdown"  # as docs/contract.md has them
    r"|engine/inflight/(?:invariants|moves|transitions)|language/)"  # tests read them
)
# Calls whose arguments nobody is shown: logs, patterns, names of tasks, descriptions for OpenAPI.
_SILENT_METHODS: Final = {
    "debug",
    "info",
    "warning",
    "error",
    "exception",
    "log",
    "compile",
    "spawn",
}
_SILENT_FUNCTIONS: Final = {
    "cast",
    "TypeVar",
    "json_answer",
    "text_answer",
    "Query",
    "AssertionError",
    "TypeError",
    "namedtuple",
}
_SILENT_KEYWORDS: Final = {
    "name",
    "summary",
    "description",
    "metavar",
    "envvar",
    "response_description",
    "type_",
}
_TRANSLATING: Final = {"translate", "say"}
_MARKING: Final = {*_TRANSLATING, "ok", "fail", "skip", "bounded"}
"""What these are given first is a text for people, however short."""
_NOT_SHOWN: Final = {
    # names of tasks
    *("end of session", "hand in a mail", "replay of dead letters"),
    *("send through a proxy", "settle what was written", "test notifications {ids}"),
    *("watch a Kafka producer", "write to the console", "end a Kafka producer"),
    *("telling the operator", "tell the operator at {label}", "post a heavy webhook"),
    "write down what the operator was told",
    # what other services say
    *("bot is not a member", "bot was blocked", "bot was kicked", "chat not found"),
    *("chat was deleted", "have no rights", "message thread not found", "not enough rights"),
    *("20 times per minute", "invalid timestamp", "too fast"),
    *("user is deactivated", "unknown webhook", "invalid webhook token", "invalid webhook"),
    *("device key is empty", "failed to get device token", "couldn't find the channel"),
    *("couldn't find the user", "integration disabled", "invalid integration"),
    # faults of the code, which the log has in English
    *("a bound of the log is missing", "a command with a line break in it would be two"),
    *("offset {offset} after {newest}", "offset {offset} is settled twice"),
    *("only a parsed item can be delivered", "{outcomes} answers for {jobs} deliveries"),
    # what must hold of the engine: tests read it
    *("a job in line is of a partition that is gone", "a job in line is {name}"),
    *("it could go on, and does not", "its timer is late", "nothing will wake it"),
    *("jobs wait behind one that is not there", "nobody settles {coordinates}"),
    "a fault of its own: {last_fault}",
    # headers of HTTP, and Jinja
    "private, max-age=31536000, immutable",
}
_COUNTED: Final = re.compile(
    r"(?:1|\{\w+\}) (?:minutes|hours|days?|partitions?|brokers?)|members: .*"
    r"|\{\w+\}: \{\w+\} \((?:default|from \{\w+\})\)"
)
"""Short ones that stand inside of sentences."""
_WORD: Final = re.compile(r"(?<![\w./-])[A-Za-z][a-z'’]+(?![\w/=(]|\.\w)")
_MARKUP: Final = re.compile(
    r"</?\w|;\w[\w-]*:|\(\?|\\[bsdw]|[a-z-]+:[a-z0-9#]+;|^[\w-]+: [\w/-]+[;\n]|\r|^default-src|\{\{%|^# "
)


def unclear(root: Path) -> Iterator[str]:
    """Yield what is handed to ``translate`` finished, and cannot be told by its one word.

    It has to be ``translate("until {time}").format(time=…)``.
    """
    for _, finder in _read(root):
        yield from finder.unclear


def sentences(root: Path) -> Iterator[tuple[str, str]]:
    """Yield each sentence in the code with the file it stands in.

    A sentence is a text of two words or more. One with values is written as an f-string; its
    values are named after what is put in.
    """
    for place, finder in _read(root):
        yield from ((place, each) for each in finder.found)


def _read(root: Path) -> Iterator[tuple[str, "_Finder"]]:
    for path in sorted((root / "app").rglob("*.py")):
        place = path.relative_to(root).as_posix()
        if not _OTHERS.match(place):
            finder = _Finder()
            finder.visit(ast.parse(path.read_text(encoding="utf-8")))
            yield place, finder


class _Finder(ast.NodeVisitor):
    """Collects sentences, and passes over what nobody is shown."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.unclear: list[str] = []
        self._is_marked = False

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """Pass over the annotation."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        node.returns = None
        self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        node.returns = None
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Attribute(attr=name) if name in _SILENT_METHODS:
                return
            case ast.Name(id=name) if name in _SILENT_FUNCTIONS:
                return
            case ast.Name(id=name) if name in _MARKING and _is_text(node.args[0], name):
                self._is_marked = True
                self.visit(node.args[0])
                self._is_marked = False
                for rest in node.args[1:]:
                    self.visit(rest)
            case _:
                self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in _SILENT_KEYWORDS:
            self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and (self._is_marked or is_sentence(node.value)):
            self._add(_numbered(node.value))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        text, names, is_marked = "", list[str](), self._is_marked
        self._is_marked = False
        for part in node.values:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                text += part.value.replace("{", "{{").replace("}", "}}")
            elif isinstance(part, ast.FormattedValue):
                known = _known(part.value)
                text += known if known is not None else f"{{{_unique(_name(part.value), names)}}}"
                self.visit(part.value)
        if is_marked and names and not is_sentence(text):
            self.unclear.append(text)
        elif is_sentence(text):
            self._add(text)

    def _add(self, text: str) -> None:
        if text not in _NOT_SHOWN:
            self.found.append(text)


def _is_text(argument: ast.expr, function: str) -> bool:
    """Say whether it is a text; subjects of the doctor with a name in them are none."""
    if isinstance(argument, ast.JoinedStr):
        return function in _TRANSLATING
    return isinstance(argument, ast.Constant) and isinstance(argument.value, str)


def is_sentence(text: str) -> bool:
    """Say whether a text is for people: two words or more, and no markup, pattern or header."""
    if _COUNTED.fullmatch(text):
        return True
    words = _WORD.findall(re.sub(r"\{\w*\}", "\0", text))
    return len(words) >= 2 and " " in text.strip() and not _MARKUP.search(text)


def _known(value: ast.expr) -> str | None:
    """Return what a value always is: the name of a setting."""
    match value:
        case ast.Call(func=ast.Name(id="env_name"), args=[ast.Constant(value=str(name))]):
            return env_name(name)
        case _:
            return None


def _name(value: ast.expr) -> str:
    """Name a value after the expression it comes from."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lower().strip("_")
        case (
            ast.Call(func=ast.Attribute(attr="join"), args=[inner])
            | ast.Call(args=[(ast.Name() | ast.Attribute()) as inner, *_])
            | ast.Call(func=inner)
            | ast.Subscript(value=inner)
            | ast.UnaryOp(operand=inner)
            | ast.Await(value=inner)
            | ast.BinOp(left=inner)
            | ast.IfExp(body=inner)
        ):
            return _name(inner)
        case _:
            return "value"


def _unique(name: str, names: list[str]) -> str:
    names.append(name)
    count = names.count(name)
    return name if count == 1 else f"{name}{count}"


def _numbered(text: str) -> str:
    """Give the values of a text for ``str.format`` numbers, as in ``{1}``, if they have no names."""
    parts = text.split("{}")
    if len(parts) == 1:
        return text
    return "".join(f"{part}{{value{n}}}" for n, part in enumerate(parts[:-1], 1)) + parts[-1]
