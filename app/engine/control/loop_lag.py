"""How late the event loop comes round: what a slow page or a hot loop would show first."""

import asyncio

from app.engine.observer import Observer

INTERVAL = 0.5


async def measure_loop_lag(observer: Observer) -> None:
    """Measure until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + INTERVAL
        await asyncio.sleep(INTERVAL)
        observer.loop_lag(loop.time() - due)
