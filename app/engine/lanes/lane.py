"""A lane: everything on its way to one destination, in order, a few at a time."""

from collections.abc import Callable, Iterator
from functools import partial

from app.edges.channels.base import Channel
from app.engine.clock import EngineClock
from app.engine.inflight.item import Job
from app.engine.inflight.packing import Packer
from app.engine.inflight.transitions import wait
from app.engine.lanes.alarm import TICK, Alarm
from app.engine.lanes.answers import Answers
from app.engine.lanes.asides import Asides
from app.engine.lanes.backlog import Backlog
from app.engine.lanes.batching import take_batch
from app.engine.lanes.endings import Endings
from app.engine.lanes.outcomes import LONGEST_WAIT, Outcomes
from app.engine.lanes.queue import JobQueue
from app.engine.lanes.requests import UnderWay
from app.engine.lanes.surroundings import Surroundings
from app.engine.observer import Observer
from app.engine.turn import Turn
from app.policies.books.pauses import Pausing, destination_id, paused_by
from app.policies.limits.budget import Budget
from app.policies.limits.gate import PROBING, Gate
from app.policies.limits.retry import RetryPolicy
from app.policies.limits.shares import Share
from app.values.delivery import Destination, Target
from app.values.snapshot import DestinationState

SHARE_SECONDS = 0.25
"""Between two looks at whether the party's share has room again."""
LONG_LINE = 8
"""Jobs in line behind which another one waits for long."""
KEPT = 64
"""Jobs that wait for a broken destination although there is hardly room: its probes, and those that
it is sent once it is well again, before the next ones were read."""
LATE = 1.0
"""Seconds that a timer may be overdue."""


class Lane:
    """Delivers jobs to one destination: bounded, in order, at the pace that it asks for.

    A destination that fails holds up its own lane and nothing else: what cannot be tried soon is
    put aside, for a retry topic.

    Args:
        destination: Where it leads.
        channel: What speaks to the destination.
        host: Where it is, with its port: limits may hold for all of it.
        concurrency: How many requests may be under way at once.
        policy: When to try again, and for how long.
        clock: Tells the time.
        observer: Sees every attempt.
        chance: Random numbers between 0 and 1, for jitter.
        turn: When requests are made, and what comes of them is booked.
        share: What its party may have under way, with all its destinations.
        budget: The requests that may be made by what its service publishes.
        surroundings: The dispatcher.

    Attributes:
        id: The destination's.
        pause: The word that it is paused by, or None.
        asides: Requests that tell no notification.
        last_target: Whom the last delivery was for, or None.
    """

    def __init__(
        self,
        destination: Destination,
        channel: Channel,
        *,
        host: str,
        concurrency: int,
        policy: RetryPolicy,
        clock: EngineClock,
        observer: Observer,
        chance: Callable[[], float],
        turn: Turn,
        share: Share,
        budget: Budget,
        surroundings: Surroundings,
    ) -> None:
        self.destination = destination
        self.id = destination_id(destination)
        self.pause = surroundings.pause_of(self.id)
        self.host = host
        self._channel = channel
        self._prepares = type(channel).prepare is not Channel.prepare
        self._policy = policy
        self._clock = clock
        self._observer = observer
        self._turn = turn
        self._share = share
        self._surroundings = surroundings
        self._outcomes = Outcomes(clock, observer, policy)
        self._gate = Gate(
            1 if channel.in_order else concurrency, breaks=policy.defers, budget=budget
        )
        self._queue = JobQueue()
        self._packer = Packer()
        self._endings = Endings(
            destination.label, self._queue, self._outcomes, policy, clock, observer, surroundings
        )
        self._answers = Answers(
            destination,
            self._gate,
            self._queue,
            self._outcomes,
            self._endings,
            policy,
            clock,
            chance,
            surroundings,
        )
        self.last_target: Target | None = None
        self.asides = Asides(self._gate, self._answers, clock, wake=partial(turn.wake, self))
        self._under_way = UnderWay(
            channel,
            self._gate,
            share,
            self._answers,
            self._endings,
            clock,
            observer,
            turn,
            go_on=self._go_on,
        )
        self._backlog = Backlog(self._queue, self._endings, self._outcomes, surroundings)
        self._alarm = Alarm(clock, partial(turn.wake, self))
        self._held_back = False

    @property
    def active(self) -> int:
        """Requests under way."""
        return self._gate.active

    @property
    def queued(self) -> int:
        """Deliveries that wait: for their turn, a due time, or the one ahead with their key."""
        return len(self._queue)

    @property
    def put_aside_so_far(self) -> int:
        """Deliveries that were put aside for the first time, since it was made."""
        return self._endings.put_aside_so_far

    @property
    def last_error(self) -> str | None:
        """What the destination last answered when that was not yes, or None."""
        return self._answers.last_error

    @property
    def has_accepted(self) -> bool:
        """Whether the destination has accepted anything since it was made."""
        return self._answers.has_accepted

    @property
    def last_used(self) -> float:
        """Monotonic seconds when the destination last answered."""
        return self._answers.last_at

    @property
    def busy(self) -> bool:
        """Whether anything waits or happens."""
        return bool(self._under_way or self._queue or self.asides.waiting)

    @property
    def idle(self) -> bool:
        """Whether it could be forgotten: nothing happens, and nothing worth knowing is known."""
        return not self.busy and self._gate.settled_down(self._clock.monotonic())

    @property
    def could_work(self) -> bool:
        """Whether something is under way, or waits and could be tried now."""
        is_open = self.pause is None and self._gate.wait(self._clock.monotonic()) <= 0
        return bool(self._gate.active or (self._queue.ready and is_open))

    def waits_for(self, job: Job) -> tuple[str | None, float | None]:
        """Return why a job is not sent now, and the seconds until it may be.

        Its turn has not come, if there is no reason.
        """
        state, seconds = self.state()
        due = self._queue.due_time(job)
        if due is not None:
            left = max(due - self._clock.monotonic(), seconds or 0.0)
            said = f": {self.last_error}" if self.last_error else ""
            return f"the last attempt failed, its next one is not due{said}", left
        if state is DestinationState.OPEN:
            return None, None
        return f"{state.value}: {self.last_error}" if self.last_error else state.value, seconds

    def state(self) -> tuple[DestinationState, float | None]:
        """Return the destination's state, and the seconds until it is asked again."""
        if self.pause is not None:
            return DestinationState.PAUSED, None
        return self._gate.state(self._clock.monotonic())

    def expected_wait(self) -> float:
        """Estimate the seconds until what waits now would have been sent."""
        now = self._clock.monotonic()
        wait = self._gate.expected_wait(now, self.queued, self._channel.most_merged)
        held_up = self._held_back and self._share.hangs(now)
        return max(wait, LONGEST_WAIT) if held_up else wait

    def waiting(self) -> Iterator[Job]:
        """Yield the jobs that wait."""
        yield from self._queue

    def check(self) -> Iterator[str]:
        """Yield what is wrong with it: nothing may wait that nobody wakes, or that is gone."""
        yield from self._backlog.check()
        if self._under_way or self._held_back or self._turn.is_awaited(self):
            return
        now, ready = self._clock.monotonic(), self._queue.ready
        wait = self._gate.wait(now)
        alarm_at = self._alarm.at
        about_to = alarm_at is not None and alarm_at <= now + TICK
        if ready and wait <= 0 and not about_to:
            yield "it could go on, and does not"
        if ready and wait > 0 and alarm_at is None:
            yield "nothing will wake it"
        if alarm_at is not None and alarm_at < now - LATE:
            yield "its timer is late"
        if self._queue and not ready and self._queue.due_at is None:
            yield "jobs wait behind one that is not there"

    def submit(self, job: Job, *, crowded: bool = False) -> None:
        """Put a job in line; packed if it is going to wait for long, and many do."""
        wait(job)
        self.last_target = job.delivery.targets[0]
        if crowded and len(self._queue) >= LONG_LINE:
            self._packer.pack(job)
        if self._prepares and job.item.packed is None:
            self._prepare(job)
        self._queue.add(job)
        self._turn.wake(self)

    def _prepare(self, job: Job) -> None:
        try:  # noqa: SIM105 - of every delivery; to enter a context takes longer
            self._channel.prepare(job.delivery)
        except Exception:  # noqa: BLE001, S110 - its attempt meets the same fault, and tells
            pass

    def discard(self, unwanted: Callable[[Job], bool]) -> None:
        """Drop waiting jobs, and those whose request has not begun; others are not touched."""
        self._under_way.take_back(unwanted)
        self._backlog.drop(unwanted)
        self._turn.wake(self)  # those that were behind them can go

    def drain(self) -> None:
        """Drop what was not started or needs another attempt, and what is behind that in line."""
        self._backlog.drop_unstarted()
        self._turn.wake(self)

    def put_aside(self, unwanted: Callable[[Job], bool]) -> None:
        """Put waiting jobs aside that were held for too long."""
        self._backlog.put_aside(unwanted, self.last_error or "held for too long")
        self._turn.wake(self)

    def give_up_last(self, count: int) -> int:
        """Put aside what would be sent last, to make room; return how many that were."""
        given_up = self._backlog.put_last_aside(count, self.last_error or "no room for more")
        self._turn.wake(self)
        return given_up

    def hold(self, until: float) -> None:
        """Try nothing before ``until`` (monotonic seconds)."""
        self._gate.hold(until)
        self._turn.wake(self)

    def probe_now(self) -> None:
        """Ask a broken or gone destination with the next job, whatever it said."""
        self._channel.ask_again()
        self._gate.probe_now(self._clock.monotonic())
        self._turn.wake(self)

    def keep_to(self, pause: Pausing | None) -> None:
        """Keep to an operator's new word; asked again at once if it is not paused (any more)."""
        self.pause = pause
        if pause is None:
            self.probe_now()
        self._turn.wake(self)

    def close(self) -> None:
        """Let go of what waits and of what is under way."""
        self._backlog.forget()
        self._under_way.close()
        self._alarm.cancel()
        self.asides.close()

    def go(self) -> None:
        """Start what may be tried now; see to it that the rest is looked at again."""
        try:
            queue = self._queue
            if (
                self.asides.waiting
                and (moment := self.asides.go(paused=self.pause is not None)) is not None
            ):
                self._alarm.set(moment)
            if queue.delayed:
                queue.make_due_ready(self._clock.monotonic())
            if (queue.ready or queue) and self._may_go():
                while batch := self._next():
                    self._under_way.ask(batch)
            if queue.due_at is not None:
                self._alarm.set(queue.due_at)
        except Exception as error:  # noqa: BLE001 - other lanes' turn comes all the same
            self._endings.fault("a lane", error)

    def _may_go(self) -> bool:
        """Say whether a request may be made now; if not, see to what waits."""
        if self.pause is not None:
            self._backlog.put_off(paused_by(self.pause))
            return False
        if self._gate.calm:
            return True
        now = self._clock.monotonic()
        wait = self._gate.wait(now)
        if wait <= 0:
            return True
        error = self.last_error or "the destination cannot be asked now"
        if (shut_for := self._gate.shut_for(now)) is not None:
            self._backlog.hand_over(shut_for, error)
        if self._gate.broken and self._policy.defers and self._surroundings.nearly_full:
            # As soon as they come, not once others were written: so those that are read, those that
            # are on their way to Kafka and those that it has acknowledged wait not for each other.
            self._backlog.turn_last_away(len(self._queue) - KEPT, error, gone=self._gate.gone)
        if wait == PROBING:
            return False  # the end of the probe decides
        if wait > LONGEST_WAIT and (self._policy.defers or self._gate.broken):
            self._backlog.turn_away(error, gone=self._gate.gone)
        elif self._queue.ready:
            self._alarm.set(now + wait)
        return False

    def _room(self) -> int:
        """Return how many requests may be made: by the destination, and by its party's share."""
        room = self._gate.room()
        share = self._share.room
        self._held_back = room > 0 and share == 0 and bool(self._queue.ready)
        if self._held_back:
            self._alarm.set(self._clock.monotonic() + SHARE_SECONDS)
        return min(room, share)

    def _next(self) -> list[Job]:
        """Take what the next request is to hold; nothing if none may be made now."""
        while self._queue.ready and self._may_go() and self._room():
            job = self._queue.take()
            is_expired = self._outcomes.is_expired
            if job.delivery.notification.expires_at is None or not is_expired(job):
                if self._channel.most_merged == 1:
                    return [job]
                left = self._gate.requests_left
                return take_batch(job, self._queue, self._channel, left, is_expired)
            self._queue.release(job)
            self._endings.expire(job)
        return []

    def _go_on(self) -> None:
        if self._queue or self.asides.waiting:
            self._turn.wake(self)
