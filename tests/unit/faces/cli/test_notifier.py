"""``notifier``: small commands, and a watch that outlives a restart."""

import asyncio
import subprocess
import sys
from typing import Self

import pytest
from click.testing import CliRunner

from app.edges.service_client import ServiceAbsentError
from app.faces.cli import notifier


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(shell: str) -> None:
    """For each shell that is known; another one is a usage error."""
    runner = CliRunner()
    script = runner.invoke(notifier.command, ["completion", shell])
    assert script.exit_code == 0
    assert "_NOTIFIER_COMPLETE" in script.output
    assert runner.invoke(notifier.command, ["completion", "tcsh"]).exit_code == 2


def test_the_script_of_bash_is_one() -> None:
    """And asks for what there is."""
    script = CliRunner().invoke(notifier.command, ["completion", "bash"]).output
    subprocess.run(["bash", "-n"], input=script.encode(), check=True)
    asked = subprocess.run(
        [
            sys.executable,
            "-c",
            "from app.faces.cli.notifier import command; command(prog_name='notifier')",
        ],
        env={"_NOTIFIER_COMPLETE": "bash_complete", "COMP_WORDS": "notifier tr", "COMP_CWORD": "1"},
        capture_output=True,
        check=False,
    )
    assert b"trace" in asked.stdout


class Restarting:
    """A service that is away for one look of three."""

    def __init__(self) -> None:
        self.looks = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Nothing is open."""

    async def report(self) -> str:
        """Return a report, or find nobody; the third look is the last."""
        self.looks += 1
        if self.looks == 2:
            raise ServiceAbsentError("no service answers there")
        if self.looks == 4:
            raise asyncio.CancelledError
        return f"==== report {self.looks}"


def test_a_watch_outlives_a_restart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that nobody is there, and goes on."""
    service = Restarting()
    monkeypatch.setattr(notifier, "ServiceClient", lambda *_: service)
    monkeypatch.setattr(notifier, "WATCH_SECONDS", 0.0)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(notifier._show_report("http://127.0.0.1:1", None, watch=True))
    said = capsys.readouterr().out
    assert "==== report 1" in said
    assert "no service answers there" in said
    assert "==== report 3" in said
    service.looks = 1
    with pytest.raises(ServiceAbsentError):
        asyncio.run(notifier._show_report("http://127.0.0.1:1", None, watch=False))
