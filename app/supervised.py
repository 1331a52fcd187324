"""What systemd is told: that the service is up, how it is, that its loop lives, that it stops."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.edges.supervisor import Supervisor
from app.faces.service import Service

logger = logging.getLogger(__name__)

STATUS_EVERY = 15.0
"""Seconds between two words about how it is, at most."""


@asynccontextmanager
async def supervised(service: Service, supervisor: Supervisor) -> AsyncIterator[None]:
    """Tell the supervisor how the service is, for as long as the block lasts.

    It is up (``READY``) when its page and API are; Kafka may be away. The watchdog is told from the
    event loop, while ``GET /health/live`` says yes: a process that only a restart helps is
    restarted.
    """
    if not supervisor.listens:
        yield
        return
    supervisor.tell("READY=1", _status(service))
    telling = asyncio.create_task(_keep_telling(service, supervisor), name="tell the supervisor")
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


async def _keep_telling(service: Service, supervisor: Supervisor) -> None:
    # Half its patience, as sd_watchdog_enabled(3) advises.
    pause = min((supervisor.watchdog or 2 * STATUS_EVERY) / 2, STATUS_EVERY)
    while True:
        reason = service.worker.not_live()
        if reason is None:
            supervisor.tell("WATCHDOG=1", _status(service))
        else:
            supervisor.tell(f"STATUS={reason}")
            if supervisor.watchdog is not None:
                logger.error("the supervisor is going to restart the process: %s", reason)
        with suppress(TimeoutError):
            await asyncio.wait_for(service.closing.wait(), pause)
            break
    supervisor.tell("STOPPING=1", _status(service))
    while True:  # a drain may take longer than the watchdog waits
        await asyncio.sleep(pause)
        supervisor.tell("WATCHDOG=1", _status(service))


def _status(service: Service) -> str:
    health = service.worker.get_health_status()
    problem = health.get("problem")
    return f"STATUS={health['status']}" + (f": {problem}" if problem else "")
