"""The service, or a command, in a process of its own, forked from one that has imported it.

Importing takes most of the processor time of a start. So one process for each of pytest's,
``python -m tests.support.forks``, imports the service, and forks a watcher for each process that is
asked for. The watcher forks the process itself, which runs and ends as one from the shell does, and
tells its number and how it ended.
"""

import asyncio
import atexit
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

IMPORTED = ("app.main", "uvicorn", "app.start", "app.faces.cli.send_test", "app.faces.cli.notifier")
MODULES = ("uvicorn", "tests.support.commands")
"""What runs with all of that imported as it does otherwise; what is under a meter need not."""
LONGEST = 1024 * 1024
"""Bytes of a request."""


class Forked:
    """As much of an ``asyncio.subprocess.Process`` as tests need.

    Args:
        told: Where the watcher tells how the process ended.
    """

    def __init__(
        self,
        pid: int,
        told: asyncio.StreamReader,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
    ) -> None:
        self.pid = pid  # its number
        self.stdout = stdout  # its output
        self.stderr = stderr  # its log
        self._ended = asyncio.create_task(_last_number(told))

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Wait for its end, and return the exit status."""
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


async def forked(
    module: str, *arguments: str, home: Path, environment: Mapping[str, str], limit: int
) -> Forked:
    """Start what ``python -m`` would.

    Args:
        module: The module.
        arguments: What follows.
        home: The working directory.
        environment: All of it.
        limit: Bytes of a line that it may print.
    """
    pipes = [os.pipe() for _ in range(3)]
    asked = json.dumps([[module, *arguments], str(home), dict(environment)]).encode()
    socket.send_fds(_parent(), [asked], [end for _, end in pipes])
    for _, end in pipes:
        os.close(end)
    told, stdout, stderr = [await _reader(end, limit) for end, _ in pipes]
    return Forked(await _number(told), told, stdout, stderr)


async def _number(told: asyncio.StreamReader) -> int:
    return int(await told.readline())


async def _last_number(told: asyncio.StreamReader) -> int:
    number = await _number(told)
    await told.read()  # to its end, which closes it
    return number


async def _reader(end: int, limit: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit)
    protocol = asyncio.StreamReaderProtocol(reader)
    pipe = os.fdopen(end, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    return reader


@cache
def _parent() -> socket.socket:
    """Return what the process listens to that forks; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        parent = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            cwd=Path(__file__).parents[2],
            env={"PYTHONUNBUFFERED": "1"},
            pass_fds=[theirs.fileno()],
        )

    def end() -> None:
        ours.close()
        parent.wait()

    atexit.register(end)
    return ours


def _serve(asked: socket.socket) -> None:
    """Fork until nobody is left who could ask; return in a process that has run to its end, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal reaches everybody
    for module in IMPORTED:
        import_module(module)
    while True:
        request, ends, _, _ = socket.recv_fds(asked, LONGEST, 3)
        if not request:
            break
        if not os.fork():
            asked.close()
            _watch(*json.loads(request), *ends)
            return
        for end in ends:
            os.close(end)
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _watch(
    command: list[str], home: str, environment: dict[str, str], told: int, out: int, err: int
) -> None:
    process = os.fork()
    if process == 0:
        os.close(told)
        _run(command, home, environment, out, err)
        return
    os.close(out)
    os.close(err)
    with suppress(BrokenPipeError):
        os.write(told, b"%d\n" % process)
        _, status = os.waitpid(process, 0)
        os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _run(command: list[str], home: str, environment: dict[str, str], out: int, err: int) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for standard, end in enumerate((nothing, out, err)):
        os.dup2(end, standard)
        os.close(end)
    os.chdir(home)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as given:
        _serve(given)
