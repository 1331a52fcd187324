from pathlib import Path

import pytest

from app.doctor.files import check_recipients, check_settings, check_templates
from app.doctor.findings import Verdict
from app.settings.models import LogSettings, Settings
from tests.support.channels import KNOWN


async def test_settings_that_go_together_are_fine() -> None:
    """The defaults have no fault."""
    [finding] = await check_settings(Settings())
    assert finding.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("new.log", Verdict.OK),
        ("there.log", Verdict.OK),
        ("missing/new.log", Verdict.FAIL),
        (".", Verdict.FAIL),
    ],
)
async def test_the_log_file_is_to_be_writable(tmp_path: Path, name: str, verdict: Verdict) -> None:
    """A log file may be new or there already; a folder that is missing is a fault."""
    (tmp_path / "there.log").touch()
    settings = Settings(log=LogSettings(file=tmp_path / name))
    [finding] = await check_settings(settings)
    assert finding.verdict is verdict
    assert not (tmp_path / "new.log").exists()


async def test_without_a_recipients_file_there_is_nothing_to_read() -> None:
    """It is optional."""
    [finding] = await check_recipients(Settings(), KNOWN)
    assert finding.verdict is Verdict.SKIP


async def test_a_recipients_file_is_read_whole(tmp_path: Path) -> None:
    """Users and groups are counted; a broken file is a fault with its line."""
    path = tmp_path / "recipients.yaml"
    path.write_text("users:\n  a: {contacts: []}\ngroups:\n  g: {members: [a]}\n")
    [finding] = await check_recipients(Settings(recipients_file=path), KNOWN)
    assert (finding.verdict, finding.text) == (Verdict.OK, f"{path}: users: 1, groups: 1")
    path.write_text("users:\n  a: 1\n")
    [finding] = await check_recipients(Settings(recipients_file=path), KNOWN)
    assert finding.verdict is Verdict.FAIL
    assert f"{path}:2:" in finding.text


async def test_templates_are_compiled(tmp_path: Path) -> None:
    """Built-in ones are listed; an own one that does not compile is a fault."""
    [finding] = await check_templates(Settings())
    assert finding.verdict is Verdict.OK
    assert "trading_signal" in finding.text
    (tmp_path / "mine.txt.j2").write_text("{% block content %}{{ }}{% endblock %}")
    [finding] = await check_templates(Settings(templates_dir=tmp_path))
    assert finding.verdict is Verdict.FAIL
    assert "mine.txt.j2:1" in finding.text
