"""How late the event loop comes round: what a slow page or a hot loop would show first."""

import asyncio

from app.edges.metrics import Metrics

INTERVAL = 0.5


async def measure_loop_lag(metrics: Metrics) -> None:
    """Measure until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + INTERVAL
        await asyncio.sleep(INTERVAL)
        metrics.observe_loop_lag(loop.time() - due)
