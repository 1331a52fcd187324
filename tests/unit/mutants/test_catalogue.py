"""The mutants fit the code: one that does not shows nothing."""

import ast
from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_mutant_fits_the_code(mutant: Mutant) -> None:
    """What it replaces stands there once, what comes out is Python, and its tests are there."""
    source = (ROOT / mutant.path).read_text(encoding="utf-8")
    assert source.count(mutant.old) == 1
    if mutant.path.endswith(".py"):
        ast.parse(source.replace(mutant.old, mutant.new))
    assert all((ROOT / test.partition("::")[0]).exists() for test in mutant.tests)


def test_no_two_mutants_have_the_same_name() -> None:
    """A survivor is found by its name."""
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
