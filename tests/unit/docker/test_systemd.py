"""The systemd unit and its settings."""

import configparser
import tomllib
from pathlib import Path

import pytest

from app.settings.checks import check_bind
from app.supervised import STATUS_EVERY
from tests.support.compose import DOCKER
from tests.support.papers import TOP
from tests.support.settings import Sandbox


@pytest.fixture
def unit() -> configparser.SectionProxy:
    """Return the unit's service."""
    # Lists are repeated lines, which configparser takes the last of: enough for what is asked here.
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # as configparser's manual has it
    parser.read(DOCKER / "systemd/notifier.service", encoding="utf-8")
    return parser["Service"]


def test_it_starts_a_command_that_there_is(unit: configparser.SectionProxy) -> None:
    """It is one of the console scripts."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert Path(unit["ExecStart"]).name in project["scripts"]


def test_it_waits_for_a_drain(unit: configparser.SectionProxy, tmp_path: Path) -> None:
    """A stop is given longer than the drain may take."""
    settings = Sandbox(tmp_path).load().settings
    assert float(unit["TimeoutStopSec"]) > settings.worker.drain_timeout + 10


def test_its_watchdog_hears_in_time(unit: configparser.SectionProxy) -> None:
    """Twice within its patience, at the least."""
    assert unit["Type"] == "notify"
    assert float(unit["WatchdogSec"]) >= 2 * STATUS_EVERY


def test_its_settings_are_accepted(tmp_path: Path) -> None:
    """They are right together, and open to others with a key alone."""
    sandbox = Sandbox(tmp_path)
    sandbox.write(".env", (DOCKER / "systemd/notifier.env").read_text(encoding="utf-8"))
    settings = sandbox.load().settings
    assert settings.environment == "production"
    assert not settings.kafka.embedded
    check_bind(settings, "0.0.0.0")
