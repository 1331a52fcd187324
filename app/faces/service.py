"""The service as the composition root hands it to the faces: one value with every port."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from app.edges.own_addresses import OwnAddresses
from app.faces.deeds import Deeds
from app.faces.metrics import Exposition
from app.faces.ports import (
    AttemptLogPort,
    DeadLettersPort,
    DestinationsPort,
    InboxPort,
    PublisherPort,
    ReloadPort,
    ReplayPort,
    TracerPort,
    WorkerPort,
)
from app.faces.sign_ins import SignIns
from app.faces.wrong_keys import WrongKeys
from app.policies.channels import Channels
from app.policies.redaction import Secrets
from app.policies.service.access import Access
from app.values.fleet import Fleet
from app.values.rates import Rates

logger = logging.getLogger(__name__)

START_PATIENCE = 10.0


class Starter:
    """Starts the worker for callers that wait only so long; the start itself goes on.

    Args:
        patience: Seconds that a caller waits, while Kafka is away for example.
    """

    def __init__(self, worker: WorkerPort, patience: float = START_PATIENCE) -> None:
        self._worker = worker
        self._patience = patience
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> bool:
        """Start the worker; return whether it runs now, or is still starting.

        Callers at the same time share one start. Raises the worker's errors.
        """
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._worker.start(), name="start the worker")
            self._starting.add_done_callback(_log_failure)
        starting = self._starting
        await asyncio.wait({starting}, timeout=self._patience)
        if not starting.done() or starting.cancelled():
            return False
        starting.result()
        return True

    async def stop(self, *, drain: bool = True) -> None:
        """Give up a start that is under way, and stop the worker."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.wait({self._starting})
        await self._worker.stop(drain=drain)


def _log_failure(starting: asyncio.Task[None]) -> None:
    # The caller may have left long before; without this nobody would hear of it.
    if not starting.cancelled() and (error := starting.exception()) is not None:
        logger.error("the worker could not be started: %s", error)


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """The running service as its faces see it. The lifespan yields ``{"service": service}``."""

    worker: WorkerPort
    starter: Starter
    publisher: PublisherPort
    attempts: AttemptLogPort
    dead_letters: DeadLettersPort
    replayer: ReplayPort
    tracer: TracerPort
    destinations: DestinationsPort
    fleet: Callable[[], Fleet]
    # what the last minutes had, of all destinations or of one
    rates: Callable[[int, str | None], Rates]
    reloader: ReloadPort
    channels: Channels
    inbox: InboxPort | None  # the development inbox, if there is one
    access: Access
    wrong_keys: WrongKeys  # told of every wrong key, and returns when it may be answered
    sign_ins: SignIns
    metrics: Exposition
    # takes one of ``DEBUG``, ``INFO``, ``WARNING``, ``ERROR``, ``CRITICAL``
    set_log_level: Callable[[str], None]
    secrets: Secrets
    # the addresses of the control plane, so that no webhook is sent there
    own_addresses: OwnAddresses
    language: str
    deeds: Deeds
    closing: asyncio.Event  # set at the signal: event streams end then, so that the server can stop
