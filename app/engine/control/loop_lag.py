"""The lag of the event loop: a slow request or a busy loop shows there first."""

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
