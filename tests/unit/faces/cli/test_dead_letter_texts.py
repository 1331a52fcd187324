import pytest

from app.faces.cli.columns import cut
from app.faces.cli.dead_letter_texts import details, pretty, table
from tests.support.fakes import make_dead_letter


@pytest.mark.parametrize(
    ("line", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("交易", 4, "交易"),
        ("交易", 3, "交…"),
        ("交易", 2, "…"),
        ("ab交", 3, "ab…"),
        ("e\u0301e\u0301e", 2, "e\u0301…"),
        ("", 1, ""),
    ],
)
def test_a_line_is_cut_to_columns(line: str, width: int, shown: str) -> None:
    """Chinese takes two of them, an accent of its own none."""
    assert cut(line, width) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('{"a":{"b":[1,2.5]}}', '{\n  "a": {\n    "b": [\n      1,\n      2.5\n    ]\n  }\n}'),
        ('"\\u001b[2J\\u009b\\u202e"', r'"\u001b[2J\x9b\u202e"'),
        ("not\x1b[2J\nJSON", "not\\x1b[2J\nJSON"),
        ("[" * 100_000, "[" * 100_000),
        ("", ""),
    ],
)
def test_a_value_is_readable(value: str, shown: str) -> None:
    """Whatever stands in the topic, and nothing in it steers the terminal."""
    assert pretty(value) == shown


def test_columns_stand_below_each_other() -> None:
    """They are as wide as the widest id and reason."""
    letters = [make_dead_letter("0/1"), make_dead_letter("11/12345", reason="unroutable")]
    starts = {line.index("2026") for line in [*table(letters, None)][1:]}
    assert len(starts) == 1


@pytest.mark.parametrize(
    ("error", "shown"),
    [("HTTP 400", "HTTP 400 (webhook http://a/***)"), ("http://a/***: HTTP 400",) * 2],
)
def test_a_target_is_named_once(error: str, shown: str) -> None:
    """Most errors begin with it."""
    letter = make_dead_letter(error=error, targets_failed=("webhook http://a/***",))
    assert [*table([letter], None)][1].endswith(f"-         {shown}")


def test_odd_times_are_shown_as_they_are() -> None:
    """A service of another version may write them otherwise."""
    assert "Time:             noon" in [*details(make_dead_letter(time="noon"))]


def test_a_letter_without_a_value_is_shown() -> None:
    """An empty record is dead-lettered, too."""
    assert [*details(make_dead_letter(value=None))][-1] == "-"
