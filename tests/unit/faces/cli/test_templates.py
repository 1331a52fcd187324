from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from app.faces.cli.notifier import command
from app.faces.cli.templates import read_variable
from tests.support.service import clean_environment


def run(home: Path, *arguments: str, own: Path | None = None) -> Result:
    """Run ``notifier templates`` with templates of one's own."""
    settings = {} if own is None else {"NOTIFIER_TEMPLATES_DIR": str(own)}
    environment = clean_environment(home, settings)
    return CliRunner().invoke(command, ["templates", *arguments], env=environment)


def test_templates_are_listed_with_their_variables(tmp_path: Path) -> None:
    """The built-in ones, and one's own, which are marked."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.txt.j2").write_text("{% block content %}{{ b }}{{ a }}{% endblock %}")
    listed = run(tmp_path, own=own)
    assert listed.exit_code == 0
    rows = {line.split()[0]: line.split()[1:] for line in listed.output.splitlines()}
    assert rows["mine"] == ["own", "a,", "b"]
    assert "threshold," in rows["risk_alert"]
    assert "risk_alert.en" in rows


def test_a_template_is_rendered_as_a_message_would_be(tmp_path: Path) -> None:
    """With what was missing; nothing of a value steers the terminal."""
    shown = run(
        *(tmp_path, "render", "risk_alert", "--set", "risk_type=回撤\x1b[31m"),
        *("--set", "current_value=0.00001234", "--set", "message=a=b"),
    )
    assert shown.exit_code == 0
    assert "title:  🛡️ 风控告警 - 回撤\\x1b[31m\n" in shown.output
    assert "color:  #E67E22\nfooter: 风控\n\na=b\n\n" in shown.output
    assert "当前值: 0.00001234 (inline)\n" in shown.output
    assert "note: context.threshold: is missing; left empty\n" in shown.output


def test_an_alternative_for_mail_is_mentioned(tmp_path: Path) -> None:
    """By its size; it is no text for a terminal."""
    shown = run(tmp_path, "render", "trading_signal", "--set", "code=AAPL", "--set", "price=150")
    assert "代码: AAPL\n价格: 150\n" in shown.output
    assert "HTML for mail: " in shown.output


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (("render", "none_such"), 1, "Error: template 'none_such' is unknown; there are: "),
        (("render", "risk_alert", "--set", "odd"), 2, "expected NAME=VALUE, got 'odd'"),
    ],
)
def test_what_cannot_be_rendered_is_an_error(
    tmp_path: Path, arguments: tuple[str, ...], status: int, error: str
) -> None:
    """One line that says why."""
    shown = run(tmp_path, *arguments)
    assert shown.exit_code == status
    assert error in shown.output


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("a=1.5", ("a", 1.5)),
        ("a=001", ("a", "001")),
        ('a=[{"b": true}]', ("a", [{"b": True}])),
        ("a=", ("a", "")),
        (" a = b", ("a", " b")),
        ("a=NaN", ("a", "NaN")),
    ],
)
def test_variables_are_json_or_text(text: str, variable: tuple[str, object]) -> None:
    """As the original's command line reads them."""
    assert read_variable(text) == variable


def test_a_variable_has_a_name() -> None:
    """Else it is a mistake, not an empty name."""
    with pytest.raises(click.BadParameter):
        read_variable("=x")
