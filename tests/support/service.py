"""The real service in a process of its own, as its users start it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.support.forks import MODULES, Forked, forked
from tests.support.http_client import TRUSTING_NOBODY

ROOT = Path(__file__).parents[2]
UVICORN = ("uvicorn", "app.main:app", "--host", "127.0.0.1", "--no-access-log")
PATIENCE = 30.0
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes that it may print without a line end: a notification on the console, say."""


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reserved_port() -> socket.socket:
    """Return a socket that keeps a port from everybody who takes any; a server may listen on it.

    Tests run side by side: what is merely free may be another's by the time a process binds it.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # servers set it, too
    keeper.bind(("127.0.0.1", 0))
    return keeper


def clean_environment(
    home: Path, settings: Mapping[str, str], *, measured: bool = False
) -> dict[str, str]:
    """Return this process's environment without its settings.

    Args:
        home: The user's home.
        settings: What is set beside it.
        measured: Whether coverage is measured in the process, where it is in this one; it costs
            as much as the start.
    """
    foreign = ("NOTIFIER_", "GINKGO_", *(() if measured else ("COVERAGE_",)))
    foreign += ("LANG", "LC_")  # English, whoever runs the tests
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "HOME": str(home), "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), **settings}


class ServiceProcess:
    """``uvicorn app.main:app`` with settings of the test's; the working directory is empty.

    It is forked from a process that has imported it, unless coverage is measured, or Python itself
    is to start otherwise.

    Args:
        home: An empty directory, for the user's home and the working directory.
        settings: Environment variables.
        command: What Python runs instead of uvicorn, when given; ``PORT`` in it is the port.
        measured: Whether coverage is measured in it.
    """

    def __init__(
        self,
        home: Path,
        settings: Mapping[str, str],
        command: Sequence[str] | None = None,
        *,
        measured: bool = False,
    ) -> None:
        self._keeper = reserved_port()
        self.port: int = self._keeper.getsockname()[1]
        self.output: list[str] = []
        self.errors: list[str] = []
        self._home = home
        self._settings = settings
        self._measured = measured
        port = str(self.port)
        self._command = command and [port if part == "PORT" else part for part in command]
        self._process: asyncio.subprocess.Process | Forked | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._grown = asyncio.Condition()
        self.client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", timeout=20, verify=TRUSTING_NOBODY
        )

    @property
    def url(self) -> str:
        """Where its page is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> asyncio.subprocess.Process | Forked:
        """The running process."""
        assert self._process is not None
        return self._process

    async def start(self) -> None:
        """Start it; returns at once."""
        environment = clean_environment(self._home, self._settings, measured=self._measured)
        command = self._command or ["-m", *UVICORN, "--port", str(self.port)]
        as_usual = not self._measured and "PYTHONPATH" not in self._settings
        _, module, *arguments = command
        if module in MODULES and as_usual:
            self._process = await forked(
                module, *arguments, home=self._home, environment=environment, limit=LONGEST_LINE
            )
        else:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                cwd=self._home,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
            )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            asyncio.create_task(self._read(self._process.stdout, self.output)),
            asyncio.create_task(self._read(self._process.stderr, self.errors)),
        ]

    async def ready(self, seconds: float = PATIENCE) -> None:
        """Wait until it has joined the group."""
        await self.until("/health/ready", lambda answer: answer.status_code == 200, seconds)

    async def until(
        self, path: str, condition: Callable[[httpx.Response], bool], seconds: float = PATIENCE
    ) -> httpx.Response:
        """Ask until the answer is as wanted; fail with the log when it is not in time."""
        answer: httpx.Response | None = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if self.process.returncode is not None:
                        raise AssertionError(f"the service ended\n{self.log}")
                    try:
                        answer = await self.client.get(path)
                    except httpx.TransportError:
                        answer = None
                    if answer is not None and condition(answer):
                        return answer
                    await asyncio.sleep(0.05)
        except TimeoutError:
            text = answer.text if answer is not None else "nothing"
            raise AssertionError(f"{path} answered {text}\n{self.log}") from None

    async def until_stats(
        self, condition: Callable[[Mapping[str, Any]], bool], seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """Wait until ``GET /stats`` is as wanted, and return it."""
        answer = await self.until("/stats", lambda got: bool(condition(got.json())), seconds)
        stats: dict[str, Any] = answer.json()
        return stats

    async def stats(self) -> dict[str, Any]:
        """Return ``GET /stats``."""
        stats: dict[str, Any] = (await self.client.get("/stats")).json()
        return stats

    async def printed(self, text: str, seconds: float = PATIENCE) -> str:
        """Wait for a line on standard output that contains the text, and return it."""
        return await self._line(self.output, text, seconds)

    async def logged(self, text: str, seconds: float = PATIENCE) -> str:
        """Wait for a line on standard error that contains the text, and return it."""
        return await self._line(self.errors, text, seconds)

    async def _line(self, lines: list[str], text: str, seconds: float) -> str:
        def find() -> str | None:
            return next((line for line in lines if text in line), None)

        try:
            async with asyncio.timeout(seconds), self._grown:
                await self._grown.wait_for(lambda: find() is not None)
        except TimeoutError:
            raise AssertionError(f"no line with {text!r}\n{self.log}") from None
        return find() or ""

    async def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for its end and return the exit status; negative for a signal."""
        async with asyncio.timeout(seconds):
            status = await self.process.wait()
            await asyncio.gather(*self._readers)
        return status

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return await self.ended()

    async def hang_up(self) -> None:
        """Close the ends that its output and its log are read from."""
        for stream in (self.process.stdout, self.process.stderr):
            transport: Any = getattr(stream, "_transport", None)  # asyncio has no public way
            transport.close()
        await asyncio.gather(*self._readers)

    async def close(self) -> None:
        """End it whatever it does."""
        self._keeper.close()
        await self.client.aclose()
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self.ended()

    @property
    def log(self) -> str:
        """Everything it has said."""
        return "\n".join(["--- standard output", *self.output, "--- standard error", *self.errors])

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        async for line in stream:
            lines.append(line.decode(errors="replace").rstrip("\n"))
            async with self._grown:
                self._grown.notify_all()
