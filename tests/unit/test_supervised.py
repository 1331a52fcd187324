"""What systemd is told, heard at a real socket of its protocol."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.edges.supervisor import Supervisor
from app.supervised import supervised
from app.values.snapshot import Status
from tests.support.fakes import Fakes

PATIENCE = 10.0


class Systemd:
    """Listens as systemd does."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(address.replace("@", "\0", 1))
        self.environ = {"NOTIFY_SOCKET": address}  # what it gives the process that it starts

    def watching(self, seconds: float, process: int | None = None) -> dict[str, str]:
        """Return the environment with a watchdog of so many seconds."""
        pid = str(process or os.getpid())
        return {**self.environ, "WATCHDOG_USEC": f"{seconds * 1e6:.0f}", "WATCHDOG_PID": pid}

    async def hears(self) -> dict[str, str]:
        """Return what it is told next."""
        loop = asyncio.get_running_loop()
        said = await asyncio.wait_for(loop.sock_recv(self._socket, 4096), PATIENCE)
        return dict(line.split("=", 1) for line in said.decode().splitlines())

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
async def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Systemd]:
    """Both kinds of addresses occur."""
    name = str(tmp_path / "notify")
    listening = Systemd(name if request.param == "path" else f"@{name}")
    yield listening
    listening.close()


async def test_it_is_up_then_how_it_is_then_that_it_stops(systemd: Systemd) -> None:
    """In this order, with the status that ``systemctl status`` shows."""
    fakes = Fakes()
    async with supervised(fakes.service, Supervisor(systemd.watching(0.02))):
        assert await systemd.hears() == {"READY": "1", "STATUS": "RUNNING"}
        assert await systemd.hears() == {"WATCHDOG": "1", "STATUS": "RUNNING"}
        fakes.worker.change(problem="Kafka has not answered\nfor 20 s")
        said = await systemd.hears()
        while "Kafka" not in said["STATUS"]:
            said = await systemd.hears()
        assert said["STATUS"] == "RUNNING: Kafka has not answered for 20 s"
        fakes.worker.change(status=Status.STOPPING, problem=None)
        fakes.service.closing.set()
        while "STOPPING" not in said:
            said = await systemd.hears()
        assert await systemd.hears() == {"WATCHDOG": "1", "STATUS": "STOPPING"}


async def test_the_watchdog_hears_nothing_of_a_process_that_only_a_restart_helps(
    systemd: Systemd, caplog: pytest.LogCaptureFixture
) -> None:
    """It is killed then, and started anew."""
    fakes = Fakes()
    fakes.worker.dead = "the worker's supervisor ended"
    async with supervised(fakes.service, Supervisor(systemd.watching(0.02))):
        assert "READY" in await systemd.hears()
        assert await systemd.hears() == {"STATUS": "the worker's supervisor ended"}
        assert "going to restart the process: the worker's supervisor ended" in caplog.text
        fakes.worker.dead = None
        assert "WATCHDOG" in await systemd.hears()


def test_a_watchdog_that_is_another_processs_or_none_is_not_served(systemd: Systemd) -> None:
    """Its variables are inherited by every child."""
    assert Supervisor(systemd.watching(30)).watchdog == 30
    assert Supervisor(systemd.watching(30, process=1)).watchdog is None
    assert Supervisor(systemd.watching(0)).watchdog is None
    assert Supervisor(systemd.environ).watchdog is None
    assert Supervisor({"WATCHDOG_USEC": "1000000"}).watchdog is None


async def test_nothing_is_told_where_nobody_asks() -> None:
    """The process was started from a shell."""
    supervisor = Supervisor({})
    supervisor.tell("READY=1")
    fakes = Fakes()
    async with supervised(fakes.service, supervisor):
        assert not supervisor.listens


async def test_a_supervisor_that_has_gone_harms_nobody(systemd: Systemd) -> None:
    """Its socket may be closed, or full."""
    supervisor = Supervisor(systemd.environ)
    systemd.close()
    supervisor.tell("READY=1")
