"""docs/glossary.md has the words that the API uses."""

from app.values.outcome import Reason
from app.values.snapshot import AttemptStatus, DestinationState
from tests.support.papers import TOP, code_in, rows

GLOSSARY = TOP / "docs/glossary.md"


def test_the_glossary_explains_outcomes_and_states() -> None:
    """Each word that the API uses for them has its row, and no other has one."""
    outcomes = {word for first, *_ in rows(GLOSSARY, "Outcomes · 结果") for word in code_in(first)}
    states = {word for first, *_ in rows(GLOSSARY, "States · 状态") for word in code_in(first)}
    assert outcomes == {each.value for each in (*AttemptStatus, *Reason)}
    assert states == {each.value for each in DestinationState}
