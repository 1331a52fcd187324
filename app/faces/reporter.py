"""Status reports on standard output, now and then."""

import asyncio
from datetime import datetime

from app.faces.ports import WorkerPort
from app.policies.report import render_report


async def print_reports(worker: WorkerPort, *, initial_delay: float, interval: float) -> None:
    """Print the report until cancelled.

    Args:
        worker: Whose report.
        initial_delay: Seconds before the first.
        interval: Seconds between two.
    """
    await asyncio.sleep(initial_delay)
    while True:
        print(render_report(worker.snapshot(), datetime.now().astimezone()), flush=True)
        await asyncio.sleep(interval)
