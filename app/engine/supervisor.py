"""The supervisor: keeps a session alive, and makes another when one has failed."""

import asyncio
import logging
from typing import Final

from app.engine.cluster.strangers import say_strangers
from app.engine.group.rebalances import REVOKE_PATIENCE
from app.engine.group.session import Session
from app.engine.housekeeping import Housekeeping, NoProgressError
from app.engine.parts import Parts
from app.engine.tasks import to_its_end
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.snapshot import Status

log = logging.getLogger(__name__)

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 5.0


class Supervisor:
    """Starts, restarts and stops sessions."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._current = parts.current
        self._clock = parts.clock
        self._housekeeping = Housekeeping(parts)
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Lock()
        self._running = asyncio.Event()
        self._started = 0.0
        self._starting_since = 0.0
        self.status = Status.STOPPED
        self.started_at: float | None = None  # seconds since the epoch, or None while it is stopped
        self.start_error: str | None = None  # why Kafka did not let the last session begin, or None
        # the error of the service's own that ended the last session, or None
        self.failure: str | None = None

    @property
    def uptime(self) -> float:
        """Seconds since the start; 0 while it is stopped."""
        return 0.0 if self.started_at is None else self._clock.monotonic() - self._started

    @property
    def starting_for(self) -> float:
        """Seconds since it last began to start a session."""
        return self._clock.monotonic() - self._starting_since

    @property
    def ended(self) -> bool:
        """Whether its task has ended, which it never should."""
        return self._task is not None and self._task.done()

    async def start(self) -> None:
        """Begin to consume; return once RUNNING. Idempotent, waits while Kafka is away."""
        async with self._stopping:
            if self._task is None:
                self._running.clear()
                self._parts.connection.identity.forget()  # whoever starts it means what it finds
                self._parts.assignment.forget()
                self.started_at = self._clock.now()
                self._started = self._starting_since = self._clock.monotonic()
                self.status = Status.STARTING
                self._task = asyncio.create_task(self._supervise(), name="supervisor")
            task = self._task
        running = asyncio.ensure_future(self._running.wait())
        try:
            await asyncio.wait((running, task), return_when=asyncio.FIRST_COMPLETED)
        finally:
            running.cancel()

    async def stop(self, *, drain: bool) -> None:
        """Stop consuming; return once STOPPED. Idempotent.

        Args:
            drain: Wait for started deliveries, up to the drain time-out.
        """
        async with self._stopping:
            if self._task is None:
                return
            self.status = Status.STOPPING
            try:
                if drain:
                    await self._drain(self._parts.options.drain_timeout)
            finally:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
                self._task = None
                self._parts.conditions.forget()
                self.status = Status.STOPPED
                self.started_at = None
                self._running.clear()

    async def _drain(self, timeout: float) -> None:
        session = self._current.session
        if session is not None and not await session.drain(timeout):
            log.warning("not everything ended within %g s; the rest stays on Kafka", timeout)

    async def _supervise(self) -> None:
        wait = FIRST_WAIT
        while True:
            self.status = Status.STARTING
            self._starting_since = self._clock.monotonic()
            try:
                await self._consume()
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                self.start_error = str(error)
                log.warning("waiting for Kafka, trying again in %g s: %s", wait, error)
            except NoProgressError as error:
                log.error("restarting: %s", error)  # noqa: TRY400 - where it was noticed tells nothing
            except Exception as error:
                self.status = Status.ERROR
                self.failure = f"{type(error).__name__}: {error}"
                log.exception("the worker failed and restarts in %g s", wait)
            say_strangers(self._parts.connection, self._parts.conditions, stops_work=True)
            if self._running.is_set():
                wait = FIRST_WAIT
                self._running.clear()
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _consume(self) -> None:
        """Live one session; it ends with an error or with a cancellation."""
        parts = self._parts
        parts.dispatcher.draining = False
        await parts.topics.make()
        await parts.board.known()  # nothing is sent to a destination that is paused
        await parts.group_start.prepare()
        if not parts.connection.embedded:  # that one has this machine's clock
            await parts.clock_watch.ask()
        session = self._current.session = self._new_session()
        try:
            self._spawn()
            await session.open()
            self.start_error = self.failure = None
            parts.pulse.reset()
            self.status = Status.RUNNING
            self._running.set()
            log.info("running: group %s", parts.subscription.group_id)
            await session.run()
        finally:
            if self.status is Status.RUNNING:
                self.status = Status.STARTING
            await to_its_end(self._end(session), "end of session")

    def _new_session(self) -> Session:
        parts = self._parts
        return Session(
            parts.connection,
            parts.subscription,
            parts.assignment,
            parts.flow,
            parts.uncommitted,
            parts.intake,
            parts.dispatcher,
            parts.settler,
            parts.saver,
            self._clock,
            parts.observer,
            parts.conditions,
            on_sample=self._housekeeping.run,
            patience=parts.options.silence,
        )

    def _spawn(self) -> None:
        """Start the tasks that go on beside a session; they end with it."""
        parts, tasks = self._parts, self._parts.tasks
        if not parts.connection.embedded:
            tasks.spawn(parts.clock_watch.run(), "clock")
            tasks.spawn(parts.membership.run(), "membership")
        tasks.spawn(parts.parking.run(), "parking")
        if not parts.connection.embedded:  # it tells nothing of groups
            tasks.spawn(parts.share.run(), "share of the group")
        tasks.spawn(parts.saver.run(), "save commits")
        tasks.spawn(parts.topics.watch(), "topics")

    async def _end(self, session: Session) -> None:
        """Leave the group, and leave nothing behind for the next session."""
        parts = self._parts
        try:
            if self.status is not Status.STOPPING:  # it failed: let end what is about to end
                await session.drain(REVOKE_PATIENCE)
            await session.close()
        finally:
            self._current.session = None
            await parts.tasks.cancel()
            parts.dispatcher.close()
            parts.turn.close()
            parts.settler.reset()
            parts.flow.given()
