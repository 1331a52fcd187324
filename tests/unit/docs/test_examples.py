"""The files of docs/examples that a service reads."""

import configparser
import tomllib
from pathlib import Path

import pytest

from app.edges.recipients import load_recipients
from app.edges.templates import load_templates
from app.settings.checks import check_bind
from tests.support.channels import KNOWN
from tests.support.papers import TOP
from tests.support.settings import Sandbox

EXAMPLES = TOP / "docs/examples"


def test_the_recipients_file() -> None:
    """It is taken whole, without a warning."""
    recipients = load_recipients(EXAMPLES / "recipients.yaml", KNOWN)
    assert set(recipients.users) == {"trader-001", "on-call", "on-leave"}
    assert recipients.warnings == {}


def test_the_template() -> None:
    """It says what its variables say, and leaves out the field without a value."""
    rendered = load_templates(EXAMPLES / "templates").render(
        "order_filled",
        {"code": "AAPL", "volume": 10, "price": 189.5, "account": "main", "order_id": 7},
    )
    assert rendered.title == "Order filled: AAPL"
    assert rendered.content == "10 of AAPL at 189.5"
    assert [(field.name, field.value) for field in rendered.fields] == [
        ("Account", "main"),
        ("Value", "1895.00"),
    ]


@pytest.fixture
def unit() -> configparser.SectionProxy:
    """Return the unit's service."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # as configparser's manual has it
    parser.read(EXAMPLES / "notifier.service", encoding="utf-8")
    return parser["Service"]


def test_the_unit_starts_a_command_that_there_is(unit: configparser.SectionProxy) -> None:
    """It is one of the console scripts."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert Path(unit["ExecStart"]).name in project["scripts"]


def test_the_unit_waits_for_a_drain(unit: configparser.SectionProxy, tmp_path: Path) -> None:
    """A stop is given longer than the drain may take."""
    settings = Sandbox(tmp_path).load().settings
    assert float(unit["TimeoutStopSec"]) > settings.worker.drain_timeout + 10


def test_the_units_settings_are_accepted(tmp_path: Path) -> None:
    """They are right together, and open to others with a key alone."""
    sandbox = Sandbox(tmp_path)
    sandbox.write(".env", (EXAMPLES / "notifier.env").read_text(encoding="utf-8"))
    settings = sandbox.load().settings
    assert settings.environment == "production"
    assert not settings.kafka.embedded
    check_bind(settings, "0.0.0.0")
