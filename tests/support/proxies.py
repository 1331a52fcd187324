"""Real proxies from Debian's packages, on loopback: Tinyproxy (HTTP CONNECT), microsocks (SOCKS5)."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.service import free_port
from tests.support.tools import Tools

READY_TIMEOUT = 20.0
POLL_INTERVAL = 0.02


@asynccontextmanager
async def tinyproxy(folder: Path, login: str | None = None) -> AsyncIterator[str]:
    """Runs Tinyproxy and yields its ``host:port``.

    Args:
        folder: Where its configuration goes.
        login: ``user password`` that it asks for.
    """
    port = free_port()
    lines = [
        f"Port {port}",
        "Listen 127.0.0.1",
        "Allow 127.0.0.1",
        "MaxClients 500",
        "Timeout 60",
        "LogLevel Critical",
        *([f"BasicAuth {login}"] if login else []),
    ]
    config = folder / f"tinyproxy-{port}.conf"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program = Tools.here().program("tinyproxy", "tinyproxy-bin")
    async with _running([program, "-d", "-c", config], port):
        yield f"127.0.0.1:{port}"


@asynccontextmanager
async def microsocks(login: tuple[str, str] | None = None) -> AsyncIterator[str]:
    """Runs microsocks and yields its ``host:port``.

    Args:
        login: User and password that it asks for.
    """
    port = free_port()
    program = Tools.here().program("microsocks", "microsocks")
    options = ["-u", login[0], "-P", login[1]] if login else []
    async with _running([program, "-i", "127.0.0.1", "-p", str(port), *options], port):
        yield f"127.0.0.1:{port}"


@asynccontextmanager
async def _running(command: Sequence[str | Path], port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(READY_TIMEOUT):
            while not await _listens(port):
                assert process.returncode is None, f"{command[0]} ended: {process.returncode}"
                await asyncio.sleep(POLL_INTERVAL)
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
