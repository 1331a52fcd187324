"""A paper in Chinese says what its English one says, so that neither grows without the other."""

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.support.papers import (
    PAIRS,
    TOP,
    Section,
    blocks,
    headings,
    links,
    marked,
    sections,
)

BOTH = pytest.mark.parametrize(
    ("english", "chinese"), PAIRS, ids=[str(english.relative_to(TOP)) for english, _ in PAIRS]
)
FIGURE = re.compile(r"\d[\d,.]*\d(?! *月)")
TARGET = re.compile(r"\]\([^)]*\)")
ITEM = re.compile(r"^(?:\||- |\d+\. )", re.MULTILINE)
COMMENT = re.compile(r"(^|\s+)# .*$")
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)(?P<target>[^)#\s]+\.md)[^)]*\)")
ENGLISH = re.compile("英文|中英")
NAMES = re.compile(r"NOTIFIER_\w+|(?<!\S)--?[a-z][\w-]*|https?://[\w.:/?&=-]+")


def pairs(english: Path, chinese: Path) -> Iterator[tuple[Section, Section]]:
    """Yield the sections side by side."""
    return zip(sections(english), sections(chinese), strict=True)


@BOTH
def test_sections(english: Path, chinese: Path) -> None:
    """They are as many, as deep, in the same order."""
    ours, theirs = ([each.depth for each in sections(paper)] for paper in (english, chinese))
    assert ours == theirs


@BOTH
def test_code(english: Path, chinese: Path) -> None:
    """Commands and files are the same, but for comments and for texts that people read."""
    for here, there in pairs(english, chinese):
        for ours, theirs in zip_longest(code(here), code(there), fillvalue=""):
            assert names(ours, theirs) == names(theirs, ours), there.heading


@BOTH
def test_links_to_english(english: Path, chinese: Path) -> None:
    """Whoever reads Chinese is told before what there is in English alone."""
    text = chinese.read_text()
    unsaid = [
        match[0]
        for match in LINK.finditer(text)
        if not match["target"].endswith(".zh-CN.md")
        and (chinese.parent / match["target"]).resolve() != english
        and not ENGLISH.search(text[match.start() - 20 : match.end() + 4])
    ]
    assert unsaid == []


def code(section: Section) -> list[str]:
    """Return the lines of all fences of a section, without comments."""
    return [COMMENT.sub("", line) for each in blocks(section.text) for line in each.splitlines()]


def names(line: str, other: str) -> list[str]:
    """Return a line, or only the names in it if one of the two has Chinese words."""
    return [line] if (line + other).isascii() else NAMES.findall(line)


@BOTH
def test_names(english: Path, chinese: Path) -> None:
    """What stands in code marks (settings, commands, paths, fields) is the same."""
    for here, there in pairs(english, chinese):
        ours, theirs = (set(filter(str.isascii, marked(each.text))) for each in (here, there))
        assert ours == theirs, there.heading


@BOTH
def test_figures(english: Path, chinese: Path) -> None:
    """Limits, times and what was measured are the same."""
    for here, there in pairs(english, chinese):
        ours, theirs = (set(FIGURE.findall(TARGET.sub("", each.text))) for each in (here, there))
        assert ours == theirs, there.heading


@BOTH
def test_items(english: Path, chinese: Path) -> None:
    """Tables have as many rows, and lists as many items."""
    for here, there in pairs(english, chinese):
        ours, theirs = (ITEM.findall(each.text) for each in (here, there))
        assert ours == theirs, there.heading


@BOTH
def test_links(english: Path, chinese: Path) -> None:
    """They lead to the same places, in Chinese if there is a translation, and to each other."""
    for here, there in pairs(english, chinese):
        ours, theirs = places(english, here), places(chinese, there)
        assert ours == theirs, there.heading
    assert sections(english)[1].lines[1] == f"[中文]({chinese.name})"
    assert sections(chinese)[1].lines[1] == f"[English]({english.name})"
    untranslated = {each.path for each in links(chinese)} & {paper for paper, _ in PAIRS}
    assert untranslated == {english}


def places(paper: Path, section: Section) -> set[tuple[str, int]]:
    """Return where a section leads: to which paper, in either language, and which heading of it."""
    return {
        (str(each.path).replace(".zh-CN", ""), place)
        for each in links(paper, section.text)
        for place, heading in enumerate(("", *headings(each.path)))
        if heading == each.heading
    }
