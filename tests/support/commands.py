"""The commands, as processes."""

import asyncio
import sys
from pathlib import Path

from tests.support.service import PATIENCE, clean_environment


def entry(module: str, *arguments: str) -> tuple[str, ...]:
    """Return what Python runs for a console script."""
    return ("-c", f"from app.faces.cli.{module} import main; main()", *arguments)


async def run(
    home: Path, settings: dict[str, str], module: str, *arguments: str, measured: bool = False
) -> tuple[int, str, str]:
    """Run a command to its end; return status, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *entry(module, *arguments),
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
