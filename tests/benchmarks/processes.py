"""Processes of a benchmark: started on their cores, measured through /proc, always ended."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.cores import Cores
from tests.support.kafka_broker import end_with_this_process

PROC = Path("/proc")
STOP_TIMEOUT = 15.0
LOG_LINES = 15


class Process:
    """One running process and its children.

    Args:
        command: What to run.
        cores: The plan.
        on: The cores of this process.
        log: Where both its outputs go.
        environment: All its environment variables, this process's own when left out.
        folder: Its working directory.
        keep: A descriptor that it inherits.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cores: Cores,
        on: frozenset[int],
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        keep: int | None = None,
    ) -> None:
        self._log = log
        with cores.on(on), log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=() if keep is None else (keep,),
                start_new_session=True,  # Ctrl-C is for the harness, which then stops it
            )
        self._watchdog = end_with_this_process(self._process.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.poll()

    @property
    def tail(self) -> str:
        """The last lines that it printed."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"--- {self._log}", *lines[-LOG_LINES:]])

    def cpu_seconds(self) -> float:
        """Processor time that it and its living children have used so far."""
        return cpu_seconds(self.pid)

    def precise_seconds(self) -> float:
        """The same, to the nanosecond; without the time of threads that have ended."""
        return precise_seconds(self.pid)

    def pause(self) -> None:
        """Stop it and its children until ``resume``."""
        self._tell_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it and its children go on."""
        self._tell_all(signal.SIGCONT)

    def _tell_all(self, number: signal.Signals) -> None:
        for member in _family(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, number)

    def memory(self) -> int:
        """Resident bytes of it and its living children."""
        return memory(self.pid)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; kill it when that takes too long.

        Returns:
            The exit status, negative for the signal that ended it.
        """
        if self.ended is None:
            self._process.send_signal(number)
        try:
            status = await asyncio.to_thread(self._process.wait, STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = await asyncio.to_thread(self._process.wait)
        self._watchdog.kill()  # before its pipe closes
        await asyncio.to_thread(self._watchdog.communicate)
        return status


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its living children, 0 where there is no /proc."""
    ticks = sum(user + system for _, user, system in map(_times, _family(pid)))
    return ticks / os.sysconf("SC_CLK_TCK")


def precise_seconds(pid: int) -> float:
    """Processor time of the threads of a process and of its children, 0 where there is no /proc."""
    nanoseconds = 0
    for member in _family(pid):
        for thread in (PROC / str(member) / "task").glob("*/schedstat"):
            nanoseconds += int((_read(thread).split() or ["0"])[0])
    return nanoseconds / 1e9


def memory(pid: int) -> int:
    """Resident bytes of a process and its living children, 0 where there is no /proc."""
    page = os.sysconf("SC_PAGE_SIZE")
    pages = 0
    for member in _family(pid):
        statm = _read(PROC / str(member) / "statm").split()
        pages += int(statm[1]) if statm else 0
    return pages * page


def core_seconds(cores: frozenset[int]) -> float:
    """Time in which these cores were busy since the machine started, 0 where there is no /proc."""
    busy = 0
    for line in _read(PROC / "stat").splitlines():
        name, *fields = line.split()
        if name.removeprefix("cpu").isdigit() and int(name.removeprefix("cpu")) in cores:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[:8])
            busy += user + nice + system + irq + softirq + steal
    return busy / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    family = [pid]
    for parent in family:  # grows while it is read
        for children in (PROC / str(parent) / "task").glob("*/children"):
            family += map(int, _read(children).split())
    return family


def _times(pid: int) -> tuple[int, int, int]:
    """The process id, its user ticks and its system ticks; zeros once it has ended."""
    fields = _read(PROC / str(pid) / "stat").rpartition(")")[2].split()
    return (pid, int(fields[11]), int(fields[12])) if fields else (pid, 0, 0)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
