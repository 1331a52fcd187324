"""What a run prints: Markdown on standard output, what it is doing on standard error."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.arithmetic import Rounds
from tests.support.service import ROOT

NOTHING = "–"
PACKAGES = ("aiokafka", "aiohttp", "httpx", "msgspec", "uvloop", "uvicorn", "fastapi")
PROGRAMS = (("go", "version"), ("node", "--version"), ("java", "-version"))
COMMIT = ("git", "describe", "--always", "--dirty")


class Report:
    """Collects what is wrong, so that the run can end with it.

    Attributes:
        faults: One line each.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._begin = time.monotonic()

    def say(self, text: str) -> None:
        """Print a paragraph."""
        print(f"{text}\n", flush=True)

    def heading(self, title: str, text: str) -> None:
        """Begin the section of a workload."""
        self.say(f"### {title}")
        self.say(text)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table; all columns but the first are numbers."""
        lines = [columns, ["---"] + ["---:"] * (len(columns) - 1), *rows]
        print("\n".join(f"| {' | '.join(line)} |" for line in lines), end="\n\n", flush=True)

    def doing(self, text: str) -> None:
        """Say what is going on, and since when."""
        seconds = time.monotonic() - self._begin
        print(f"bench: {seconds:4.0f} s: {text} …", file=sys.stderr, flush=True)

    def fault(self, what: str, error: Exception) -> None:
        """Note what is wrong, and say it at once with the error's notes."""
        self.faults.append(f"{what}: {error}")
        notes = "".join(f"{note}\n" for note in getattr(error, "__notes__", ()))
        print(f"bench: WRONG: {what}: {error}\n{notes}", end="", file=sys.stderr, flush=True)


def number(value: float | None, digits: int = 0) -> str:
    """A number as tables have it."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def with_spread(rounds: Rounds, digits: int = 0) -> str:
    """A median, and the lowest and highest value where there are several."""
    if not rounds.values:
        return NOTHING
    low, high = rounds.spread
    middle = number(rounds.median, digits)
    if len(rounds.values) == 1:
        return middle
    return f"{middle} ({number(low, digits)}…{number(high, digits)})"


def milliseconds(seconds: float) -> str:
    """A duration in milliseconds."""
    return number(seconds * 1000, 1)


def machine(command: str) -> str:
    """The command, the date, the machine and the versions that figures depend on."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    programs = ", ".join(f"{name[0]}: {said}" for name in PROGRAMS if (said := _said(name)))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {_said(COMMIT) or NOTHING}  \n"
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release()}  \n"
        f"Python {platform.python_version()}, {packages}  \n"
        f"{programs}"
    )


def _said(command: Sequence[str]) -> str:
    """The first line that a program prints, nothing where it does not run."""
    try:
        run = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return (run.stdout + run.stderr).partition("\n")[0].strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
