"""Reads the project's papers: their headings, and what they refer to."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).parents[2]
PAPERS = sorted(
    [
        *TOP.glob("*.md"),
        *(TOP / "docs").rglob("*.md"),
        *(TOP / "docker").rglob("*.md"),
        TOP / "tests/benchmarks/README.md",
    ]
)
PAIRS = [
    (chinese.with_name(chinese.name.replace(".zh-CN", "")), chinese)
    for chinese in PAPERS
    if ".zh-CN." in chinese.name
]
SOURCES = sorted(
    path
    for folder in ("app", "tests", "templates", "docker", ".ci", ".github")
    for path in (TOP / folder).rglob("*")
    if path.suffix in {".py", ".html", ".j2", ".yml", ".yaml", ".js", ".css", ""}
    and path.is_file()
    and "__pycache__" not in path.parts
    and ".artifacts" not in path.parts
)

_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_WITHIN = re.compile(r"(?<!\n) *\n *(?![\n|]|- )")
_SECTION = re.compile(r"^(#{1,6}) +(.+?) *$")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_IN_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:app|tests|docs|docker|templates|\.ci|\.github)/[\w./-]*")
_PAPER = re.compile(r"(?<![\w/.])docs/(?:decisions/|examples/)?[\w.-]+\.md(?:#[\w-]+)?")
_NOT_IN_A_SLUG = re.compile(r"[^\w\- ]")


class Reference(NamedTuple):
    """A file of the checkout that something refers to, and a heading in it, or "" for none."""

    path: Path
    heading: str = ""

    def fault(self) -> str | None:
        """Say what is wrong with it, or None."""
        if not self.path.exists():
            return f"there is no {self.path}"
        if self.heading and self.heading not in headings(self.path):
            return f"{self.path} has no heading #{self.heading}"
        return None


class Section(NamedTuple):
    """A heading, its depth, and what stands below it up to the next heading of any depth."""

    depth: int
    heading: str
    lines: list[str]

    @property
    def text(self) -> str:
        """Return what stands below the heading."""
        return "\n".join(self.lines)


@cache
def text_of(path: Path) -> str:
    """Return a file's text."""
    return path.read_text(encoding="utf-8", errors="replace")


@cache
def headings(paper: Path) -> tuple[str, ...]:
    """Return the headings of a paper as links name them, in their order."""
    found = _HEADING.findall(_FENCED.sub("", text_of(paper)))
    return tuple(_slug(heading) for heading in found)


def sections(paper: Path) -> list[Section]:
    """Return a paper's sections in their order; the first is what stands above all headings."""
    found = [Section(0, "", [])]
    fenced = False
    for line in text_of(paper).splitlines():
        fenced ^= line.lstrip().startswith("```")
        match = None if fenced else _SECTION.match(line)
        if match:
            found.append(Section(len(match[1]), match[2], []))
        else:
            found[-1].lines.append(line)
    return found


def blocks(text: str) -> list[str]:
    """Return what stands in fences, with the fences' language."""
    return [match[0] for match in _FENCED.finditer(text)]


def marked(text: str) -> list[str]:
    """Return what stands in code marks outside fences, also where a line ends within them."""
    return _IN_CODE.findall(_WITHIN.sub(" ", _FENCED.sub("", text)))


def links(paper: Path, text: str | None = None) -> Iterator[Reference]:
    """Yield what a paper, or a part of it, links to inside the checkout."""
    for target in _LINK.findall(_FENCED.sub("", text_of(paper) if text is None else text)):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, heading = target.partition("#")
        yield Reference((paper.parent / path).resolve() if path else paper, heading)


def named_paths(paper: Path) -> Iterator[Reference]:
    """Yield the files and folders of the checkout that a paper names in code marks."""
    for code in _IN_CODE.findall(_FENCED.sub("", text_of(paper))):
        if _PATH.fullmatch(code) and not code.endswith("/.env"):  # whoever runs it writes that
            yield Reference(TOP / code)


def papers_named_in(source: Path) -> Iterator[Reference]:
    """Yield the papers that code refers to, such as ``docs/retries.md``."""
    for target in _PAPER.findall(text_of(source)):
        path, _, heading = target.partition("#")
        yield Reference(TOP / path, heading)


def rows(paper: Path, heading: str) -> list[list[str]]:
    """Return the rows of all tables between a heading and the next of any level.

    Args:
        paper: The file.
        heading: Its text.
    """
    _, _, rest = text_of(paper).partition(f"# {heading}\n")
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in section.splitlines()
        if line.startswith("|")
    ]


def code_in(cell: str) -> list[str]:
    """Return what stands in code marks."""
    return _IN_CODE.findall(cell)


def _slug(heading: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return _NOT_IN_A_SLUG.sub("", text).replace(" ", "-")
