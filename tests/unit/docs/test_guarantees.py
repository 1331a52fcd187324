"""docs/guarantees.md names proofs that there are."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.catalogue import MUTANTS
from tests.support.papers import TOP, rows, text_of

GUARANTEES = TOP / "docs/guarantees.md"
CHINESE = TOP / "docs/guarantees.zh-CN.md"
QUOTED = re.compile(r'"([^"]+)"')


def test_the_proofs_name_mutants_that_there_are() -> None:
    """docs/guarantees.md quotes each by its name in the catalogue."""
    known = {mutant.name for mutant in MUTANTS}
    proofs = [last for *_, last in tables_of(GUARANTEES) if "mutant" in last]
    quoted = {
        name
        for proof in proofs
        for part in re.findall(r'mutants? ("[^;|]*")', proof)
        for name in QUOTED.findall(part)
    }
    assert len(quoted) > 20
    assert sorted(quoted - known) == []


def test_both_languages_have_the_same_proofs() -> None:
    """Row by row, whatever the words around the names."""
    ours, theirs = (
        [QUOTED.findall(last) for *_, last in tables_of(paper)] for paper in (GUARANTEES, CHINESE)
    )
    assert ours == theirs


def tables_of(paper: Path) -> Iterator[list[str]]:
    """Yield the rows of every table of a paper."""
    for heading in re.findall(r"^#+ (.+)$", text_of(paper), re.MULTILINE):
        yield from rows(paper, heading)
