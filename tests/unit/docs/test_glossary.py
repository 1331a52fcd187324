"""docs/glossary.md has the words that the API uses."""

from pathlib import Path

import pytest

from app.language.choice import Language
from app.language.speaking import gettext, speaking
from app.values.outcome import Reason
from app.values.snapshot import AttemptStatus, DestinationState
from tests.support.glossary import GLOSSARY, variants_in
from tests.support.papers import PAIRS, TOP, code_in, rows, text_of

CHINESE = [*(chinese for _, chinese in PAIRS), TOP / "docker/prometheus/alerts.yml"]


def test_the_glossary_explains_outcomes_and_states() -> None:
    """Each word that the API uses for them has its row, and no other has one."""
    outcomes = {word for first, *_ in rows(GLOSSARY, "Outcomes · 结果") for word in code_in(first)}
    states = {word for first, *_ in rows(GLOSSARY, "States · 状态") for word in code_in(first)}
    assert outcomes == {each.value for each in (*AttemptStatus, *Reason)}
    assert states == {each.value for each in DestinationState}


def test_the_pages_use_the_glossarys_chinese() -> None:
    """For outcomes and states: one word for one thing."""
    with speaking(Language.CHINESE):
        for heading in ("Outcomes · 结果", "States · 状态"):
            for first, chinese, *_ in rows(GLOSSARY, heading):
                for word in code_in(first):
                    assert gettext(word.replace("_", " ")) == chinese


@pytest.mark.parametrize("paper", CHINESE, ids=lambda paper: str(paper.relative_to(TOP)))
def test_chinese_papers_keep_to_the_glossary(paper: Path) -> None:
    """One word for one thing there, too, in the settings' tables and in what alerts say."""
    assert list(variants_in(text_of(paper))) == []
