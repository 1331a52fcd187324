"""References between papers and code lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.support.papers import (
    PAPERS,
    SOURCES,
    TOP,
    links,
    named_paths,
    papers_named_in,
    text_of,
)

ELSEWHERE = re.compile(
    r"\b(contract|design|style|house)(\.md)?('s)?,? sections?\b|\b(design|style|house|field)\.md\b"
)
MACHINE = re.compile(r"(?<![\w.])/(work|root|tmp)/(?!\*)\w")
IN_GINKGO = ("tests/unit/notifier/workers", "tests/integration/notifier")


def of_top(path: Path) -> str:
    """Name a test's case by its file."""
    return str(path.relative_to(TOP))


@pytest.mark.parametrize("paper", PAPERS, ids=of_top)
def test_every_link_leads_somewhere(paper: Path) -> None:
    """Files are there, and so are the headings in them."""
    assert [fault for each in links(paper) if (fault := each.fault())] == []


@pytest.mark.parametrize("paper", PAPERS, ids=of_top)
def test_every_path_that_a_paper_names_is_there(paper: Path) -> None:
    """A reader who looks for `app/…` or `tests/…` finds it."""
    faults = [fault for each in named_paths(paper) if (fault := each.fault())]
    assert [fault for fault in faults if not fault.endswith(IN_GINKGO)] == []


def test_code_refers_only_to_papers_that_are_here() -> None:
    """References in code are paths, headings included; a cloner can follow each of them."""
    faults = [
        f"{of_top(source)}: {fault}"
        for source in SOURCES
        for each in papers_named_in(source)
        if (fault := each.fault())
    ]
    assert faults == []


def test_nothing_refers_to_a_section_of_what_is_not_here() -> None:
    """Numbers of sections say nothing to whoever has the repository alone."""
    found = [
        f"{of_top(path)}: {match[0]}"
        for path in (*SOURCES, *PAPERS)
        if path != Path(__file__)
        for match in ELSEWHERE.finditer(text_of(path))
    ]
    assert found == []


def test_no_paper_names_a_machine() -> None:
    """Paths of whoever wrote it help nobody else."""
    found = [
        f"{of_top(path)}: {match[0]}"
        for path in PAPERS
        for match in MACHINE.finditer(text_of(path))
    ]
    assert found == []
