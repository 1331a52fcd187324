"""Asks the group's other workers about a notification that this one does not hold."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlsplit

from app.edges.service_address import ServiceError
from app.edges.service_client import ServiceClient
from app.policies.service.access import is_loopback
from app.policies.service.passes import Passes
from app.values.fleet import Fleet, Worker
from app.values.history import Story

log = logging.getLogger(__name__)

PATIENCE: Final = 5.0
"""Seconds; whoever holds it looks through the history for what was before."""
AT_ONCE: Final = 16
PATH: Final = "/notifications/"


class OtherWorkers:
    """Asks all of them at once. They answer by their own books, and ask nobody.

    Args:
        passes: Open the control planes of workers with the same keys.
        has_keys: Whether there are any; without, only this machine's own workers answer.
    """

    def __init__(
        self,
        fleet: Callable[[], Fleet],
        passes: Passes,
        *,
        has_keys: bool,
        host: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._fleet = fleet
        self._passes = passes
        self._has_keys = has_keys
        self._host = host or socket.gethostname()
        self._now = now

    async def story(self, asked: str) -> tuple[Story | None, tuple[Worker, ...]]:
        """Return the story by whoever holds the notification, and those who could not be asked.

        Args:
            asked: Its id, or ``topic:partition:offset``.
        """
        fleet = self._fleet()
        others = [each for each in fleet.workers if each.id != fleet.me]
        free = asyncio.Semaphore(AT_ONCE)

        async def ask(worker: Worker) -> Story | None:
            async with free:
                return await self._ask(worker, asked)

        asking = [asyncio.create_task(ask(each), name=f"ask {each.id}") for each in others]
        found: Story | None = None
        try:
            for each in asyncio.as_completed(asking, timeout=PATIENCE):
                try:
                    found = await each
                except ServiceError as error:
                    log.info("another worker did not answer: %s", error)
                if found is not None:
                    break
        except TimeoutError:
            log.info("not all of the other workers have answered in time")
        finally:
            for each in asking:
                each.cancel()
            ends = await asyncio.gather(*asking, return_exceptions=True)
        pairs = zip(others, ends, strict=True)
        return found, tuple(each for each, end in pairs if isinstance(end, BaseException))

    async def _ask(self, worker: Worker, asked: str) -> Story | None:
        url = self._address_of(worker)
        if url is None:
            raise ServiceError(f"{worker.id} has no address that is known to answer here")
        given = self._passes.issue(f"{PATH}{asked}", self._now())
        async with ServiceClient(url, worker_pass=given, timeout=PATIENCE) as client:
            story, _ = await client.story(asked)
        return story

    def _address_of(self, worker: Worker) -> str | None:
        """Return where a worker answers this one, or None."""
        if worker.address is None:
            return None
        is_local = is_loopback(urlsplit(worker.address).hostname or "")
        if is_local:
            return worker.address if worker.host == self._host else None
        return worker.address if self._has_keys else None


def has(worker: Worker, place: str) -> bool:
    """Say whether a worker has the partition of ``topic/partition/offset``."""
    topic, number, _ = (*place.rsplit("/", 2), "", "")[:3]
    return number.isdecimal() and int(number) in worker.partitions.get(topic, ())


def page_of(worker: Worker, asked: str) -> str | None:
    """Return the address of a notification's page at a worker, if that has one."""
    return f"{worker.address}{PATH}{quote(asked, safe='')}" if worker.address else None
