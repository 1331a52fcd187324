"""The commands, as processes and in this one."""

import asyncio
import sys
from pathlib import Path

import click
from click.testing import CliRunner

from app.faces.cli import notifier
from tests.support.service import PATIENCE, clean_environment

MODULES = {
    "start_worker": "app.start",
    "send_test": "app.faces.cli.send_test",
    "notifier": "app.faces.cli.notifier",
}


def entry(command: str, *arguments: str) -> tuple[str, ...]:
    """Return what Python runs for a console script, one of ``MODULES``."""
    return ("-c", f"from {MODULES[command]} import main; main()", *arguments)


async def run(
    home: Path, settings: dict[str, str], command: str, *arguments: str, measured: bool = False
) -> tuple[int, str, str]:
    """Run a command to its end; return status, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *entry(command, *arguments),
        cwd=home,
        env=clean_environment(home, settings, measured=measured),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def run_here(
    home: Path,
    settings: dict[str, str],
    *arguments: str,
    command: click.Command = notifier.command,
) -> tuple[int, str, str]:
    """Run a command in a thread; return what ``run`` does, for much less than a process costs."""
    environment = clean_environment(home, settings)
    done = await asyncio.to_thread(CliRunner().invoke, command, arguments, env=environment)
    return done.exit_code, done.stdout, done.stderr
