"""The sink as the harness sees it: a process that is asked over HTTP."""

import asyncio
import contextlib
import socket
import sys
import time
from array import array
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import msgspec

from tests.benchmarks.accepted import Accepted
from tests.benchmarks.behaviours import Progress
from tests.benchmarks.cores import Cores
from tests.benchmarks.processes import Process
from tests.support.service import ROOT

LOOK_INTERVAL = 0.05
BACKLOG = 4096
LOAD_CONNECTIONS = 64


class SinkProcess:
    """Use ``sink_process`` to start one.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        process: It.
    """

    def __init__(self, port: int, process: Process, client: httpx.AsyncClient) -> None:
        self.port = port
        self.process = process
        self._client = client

    def url(self, behaviour: str, destination: int) -> str:
        """The webhook URL of one destination, such as ``instant`` or ``slow/100`` number 3."""
        return f"http://127.0.0.1:{self.port}/{behaviour}/{destination}"

    async def reset(self, sent: int) -> None:
        """Forget everything, for a run of so many notifications."""
        await self._get(f"/~reset?sent={sent}")

    async def progress(self) -> Progress:
        """How far the run has come."""
        return msgspec.json.decode(await self._get("/~progress"), type=Progress)

    async def accepted(self) -> Accepted:
        """Everything that was accepted since the last reset."""
        cells = array("q")
        cells.frombytes(await self._get("/~accepted"))
        return Accepted(cells)

    async def until(self, done: Callable[[Progress], bool], seconds: float) -> Progress:
        """Look again and again until the progress is as wanted or the time is up.

        Returns:
            The last progress seen, whether or not it is as wanted.
        """
        deadline = time.monotonic() + seconds
        while True:
            progress = await self.progress()
            if done(progress) or time.monotonic() > deadline:
                return progress
            await asyncio.sleep(LOOK_INTERVAL)

    async def _get(self, path: str) -> bytes:
        return (await self._client.get(path)).raise_for_status().content


@contextlib.asynccontextmanager
async def sink_process(cores: Cores, folder: Path) -> AsyncIterator[SinkProcess]:
    """Start a sink; it listens already when its process is still starting."""
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        port: int = listener.getsockname()[1]
        process = Process(
            [sys.executable, "-m", "tests.benchmarks.sink", str(listener.fileno())],
            cores=cores,
            on=cores.sink,
            log=folder / "sink.log",
            folder=ROOT,
            keep=listener.fileno(),
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield SinkProcess(port, process, client)
    finally:
        await process.stop()


async def measure_capacity(
    sink: SinkProcess, cores: Cores, folder: Path, seconds: float
) -> tuple[float, float]:
    """Load the sink with nothing but bytes, from the core of the worker.

    Returns:
        Requests a second that it took, and how many it would take with its core to itself: those
        requests by the processor seconds that they cost it.
    """
    await sink.reset(1)
    arguments = (str(sink.port), str(LOAD_CONNECTIONS), str(seconds))
    load = Process(
        [sys.executable, "-m", "tests.benchmarks.raw_load", *arguments],
        cores=cores,
        on=cores.worker,
        log=folder / "raw-load.log",
        folder=ROOT,
    )
    try:
        first = await sink.until(lambda progress: progress.requests > 0, seconds=10)
        await asyncio.sleep(seconds / 2)
        last = await sink.progress()
    finally:
        await load.stop()
    requests = last.requests - first.requests
    return requests / (last.at - first.at), requests / (last.cpu_seconds - first.cpu_seconds)
