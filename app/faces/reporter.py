"""Prints status reports on standard output."""

import asyncio
from datetime import datetime

from app.edges.terminal import say
from app.faces.ports import WorkerPort
from app.policies.texts.report import render_report


async def print_reports(worker: WorkerPort, *, initial_delay: float, interval: float) -> None:
    """Print the report until cancelled."""
    await asyncio.sleep(initial_delay)
    while True:
        say(render_report(worker.snapshot(), datetime.now().astimezone()))
        await asyncio.sleep(interval)
