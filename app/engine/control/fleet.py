"""The fleet: this worker reports its state to the group, and reads the others' reports."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable
from importlib.metadata import version
from typing import Final, Protocol

from msgspec.structs import replace

from app.edges.kafka.producer import Producer
from app.engine.control.board import Board
from app.policies.books.fleet import taken_back, told, total
from app.policies.books.saved_commits import Entry
from app.values.clock import Clock
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.fleet import Fleet, Worker
from app.values.snapshot import Status

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
OFTEN: Final = 3.0
"""Seconds between two reports of a worker whose figures change."""
SELDOM: Final = 6.0
"""Seconds between two reports of one without news: they say that it is alive."""
TIDY_SECONDS: Final = 60.0
FAREWELL: Final = 2.0
"""Seconds that the last report may take."""


class Presents(Protocol):
    """The worker, as far as it is reported."""

    @property
    def status(self) -> Status:
        """Whether it runs."""
        ...

    def present(self, identity: Worker) -> Worker:
        """Return its report."""
        ...


def identity() -> Worker:
    """Return what does not change about this process.

    Its id has a part by chance: containers may share host name and process id.
    """
    host, process = socket.gethostname(), os.getpid()
    return Worker(
        id=f"{host}:{process}:{secrets.token_hex(2)}",
        host=host,
        process_id=process,
        status=Status.STOPPED,
        version=version("notification-worker"),
    )


class FleetView:
    """Writes a snapshot of this worker into the control topic every few seconds, and reads theirs.

    Args:
        producer: Writes to the control topic; None where nobody else can read it.
        address: Returns the address of this control plane, or None; called in a thread.
    """

    def __init__(
        self,
        worker: Presents,
        board: Board,
        producer: Producer | None,
        topic: str,
        group_id: str,
        clock: Clock,
        address: Callable[[], str | None],
    ) -> None:
        self._worker = worker
        self._board = board
        self._producer = producer
        self._topic = topic
        self._group_id = group_id
        self._clock = clock
        self._address = address
        self._me = identity()
        self._told: Worker | None = None
        self._told_at = self._tidied_at = clock.monotonic()

    @property
    def me(self) -> str:
        """The id of this worker."""
        return self._me.id

    def view(self) -> Fleet:
        """Return every worker that is alive; of this one as it is now."""
        now = self._board.read_at  # no report grows old while none can be read
        alive = {each.id: each for each in self._board.fleet.alive(now)}
        alive.pop(self._me.id, None)
        if self._worker.status is not Status.STOPPED:
            alive[self._me.id] = self._worker.present(self._me)
        workers = tuple(alive[each] for each in sorted(alive))
        unknown = self._board.trouble
        totals = total(each.statistics for each in workers)
        return Fleet(self._me.id, workers, totals, unknown)

    async def run(self) -> None:
        """Report, and delete reports of workers that are gone, until cancelled."""
        while True:
            try:
                await self._look()
            except Exception:
                log.exception("reporting to the group failed, trying again")
                await asyncio.sleep(OFTEN)
            await asyncio.sleep(LOOK_SECONDS)

    async def leave(self) -> None:
        """Delete this worker's report: it stops."""
        if self._told is None:
            return
        self._told = None
        try:
            async with asyncio.timeout(FAREWELL):
                await self._write(taken_back(self._group_id, self._me.id))
        except TimeoutError:
            log.info("the report of this worker was not deleted in time")

    async def _look(self) -> None:
        now = self._clock.monotonic()
        if self._worker.status is Status.STOPPED:
            await self.leave()
            return
        if self._told is None or now - self._told_at >= OFTEN:
            if self._me.address is None:  # known once the server listens
                self._me = replace(self._me, address=await asyncio.to_thread(self._address))
            worker = self._worker.present(self._me)
            if worker != self._told or now - self._told_at >= SELDOM:
                self._told, self._told_at = worker, now
                await self._write(told(self._group_id, worker))
        if now - self._tidied_at >= TIDY_SECONDS:
            self._tidied_at = now
            for identity in list(self._board.fleet.forgotten(self._board.read_at)):
                await self._write(taken_back(self._group_id, identity))

    async def _write(self, entry: Entry) -> None:
        if self._producer is None:
            return
        try:
            await self._producer.send(self._topic, *entry)
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.debug("this worker cannot report to the group now: %s", error)
