import pytest

from tests.benchmarks.arithmetic import Rounds
from tests.benchmarks.bench import WrongError
from tests.benchmarks.report import Report, machine, milliseconds, number, with_spread


def test_a_table_is_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers stand on the right."""
    Report().table(["", "a", "b"], [["row", "1", "2"]])
    assert capsys.readouterr().out == "|  | a | b |\n| --- | ---: | ---: |\n| row | 1 | 2 |\n\n"


def test_a_fault_is_said_at_once_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """The run ends with it; the notes of the error are said only."""
    report = Report()
    error = WrongError("3 are missing")
    error.add_note("the log's last line")
    report.fault("Go", error)
    assert report.faults == ["Go: 3 are missing"]
    assert capsys.readouterr().err == "bench: WRONG: Go: 3 are missing\nthe log's last line\n"


def test_numbers() -> None:
    """With thousands apart; what there is none of is a dash."""
    assert number(12345.6) == "12,346"
    assert number(0.666, 2) == "0.67"
    assert number(None) == "–"
    assert milliseconds(0.01234) == "12.3"


def test_a_spread_shows_where_there_is_one() -> None:
    """One round is one number."""
    assert with_spread(Rounds({})) == "–"
    assert with_spread(Rounds({0: 1500.0})) == "1,500"
    assert with_spread(Rounds({0: 1.0, 1: 3.0, 2: 2.0}), 1) == "2.0 (1.0…3.0)"


def test_the_machine_is_described() -> None:
    """Figures without the command, the versions and the machine mean nothing."""
    text = machine("make bench")
    for part in ("`make bench`", "UTC", "cores", "GiB", "Python 3.", "aiokafka ", "uvloop "):
        assert part in text
