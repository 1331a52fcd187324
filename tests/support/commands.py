"""The commands, as processes and in this one.

``python -m tests.support.commands app.start …`` does what a console script does.
"""

import asyncio
import sys
from importlib import import_module
from pathlib import Path

import click
from click.testing import CliRunner

from app.faces.cli import notifier
from tests.support.forks import forked
from tests.support.service import LONGEST_LINE, PATIENCE, clean_environment

MODULES = {
    "start_worker": "app.start",
    "send_test": "app.faces.cli.send_test",
    "notifier": "app.faces.cli.notifier",
}


def entry(command: str, *arguments: str) -> tuple[str, ...]:
    """Return what Python runs for a console script, one of ``MODULES``."""
    return ("-m", __name__, MODULES[command], *arguments)


async def run(
    home: Path, settings: dict[str, str], command: str, *arguments: str, measured: bool = False
) -> tuple[int, str, str]:
    """Run a command to its end; return status, standard output and standard error.

    It is forked as the service is, unless coverage is measured in it.
    """
    environment = clean_environment(home, settings, measured=measured)
    if not measured:
        _, *module_and_more = entry(command, *arguments)
        fork = await forked(
            *module_and_more, home=home, environment=environment, limit=LONGEST_LINE
        )
        async with asyncio.timeout(PATIENCE):
            said, complained = await asyncio.gather(fork.stdout.read(), fork.stderr.read())
            return await fork.wait(), said.decode(), complained.decode()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *entry(command, *arguments),
        cwd=home,
        env=environment,
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


if __name__ == "__main__":
    import_module(sys.argv.pop(1)).main()
