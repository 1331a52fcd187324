"""The tables of settings in the papers."""

import re
from pathlib import Path

import pytest

from app.settings.descriptions import DESCRIPTIONS, HEADINGS
from app.settings.models import SETTINGS, env_name
from app.settings.reference import PAPERS, chinese_table, env_example, with_table, write

TOP = Path(__file__).parents[3]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("name", PAPERS)
def test_no_paper_is_behind_the_settings(name: str) -> None:
    """If this fails, run ``make papers``."""
    document = (TOP / name).read_text(encoding="utf-8")
    assert PAPERS[name](document) == document


def test_every_setting_is_described() -> None:
    """Each setting has a description in both languages, and nothing else has one."""
    assert list(DESCRIPTIONS) == list(SETTINGS)
    assert set(HEADINGS) <= set(SETTINGS)


def test_the_chinese_table_is_chinese() -> None:
    """Every description is written in Chinese and ends as a sentence does, in both languages."""
    for name, (english, chinese) in DESCRIPTIONS.items():
        assert CHINESE.search(chinese), name
        assert chinese.endswith("。"), name
        assert english.endswith("."), name


def test_a_secret_is_called_one() -> None:
    """Both languages say of each secret that it is one, and of nothing else."""
    for name, (english, chinese) in DESCRIPTIONS.items():
        assert ("Secret." in english) == SETTINGS[name], name
        assert ("机密。" in chinese) == SETTINGS[name], name


def test_a_table_has_a_row_for_each_setting() -> None:
    """Two lines of head, then the settings in their order."""
    rows = chinese_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [env_name(name) for name in SETTINGS]


def test_a_document_without_marks_is_refused() -> None:
    """A table that has no place is not dropped in silence."""
    with pytest.raises(ValueError, match="settings"):
        with_table("# Something else", "| a |")


def test_writing_changes_the_table_alone(tmp_path: Path) -> None:
    """What stands around the table stays as it was."""
    for name in PAPERS:
        (tmp_path / name).write_text(
            "before\n<!-- settings -->\nold\n<!-- /settings -->\nafter\n", encoding="utf-8"
        )
    write(tmp_path)
    written = (tmp_path / "README.zh-CN.md").read_text(encoding="utf-8")
    assert written == (
        f"before\n<!-- settings -->\n\n{chinese_table()}\n<!-- /settings -->\nafter\n"
    )
    assert (tmp_path / ".env.example").read_text(encoding="utf-8") == env_example()
