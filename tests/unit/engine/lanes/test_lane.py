"""A lane: order, concurrency, retries and patience for one destination."""

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec
import pytest

from app.edges.channels.base import Channel
from app.engine.inflight.item import Item, Job, State, job_of
from app.engine.inflight.leaving import deferral_of
from app.engine.inflight.transitions import fail, put_aside, route
from app.engine.lanes.lane import KEPT, LONG_LINE, Lane
from app.engine.tasks import Tasks
from app.engine.turn import AT_ONCE, Turn
from app.policies.books.pauses import Pausing, destination_id
from app.policies.headers.deferral import Deferral
from app.policies.limits.breaker import Verdict
from app.policies.limits.budget import UNLIMITED
from app.policies.limits.retry import RetryPolicy
from app.policies.limits.shares import Shares
from app.values.delivery import Delivery, Destination
from app.values.notification import Notification, Priority
from app.values.outcome import (
    Allowance,
    Answer,
    Delivered,
    Denied,
    Gone,
    Outcome,
    RateLimited,
    Reason,
    Rejected,
    Retry,
    Scope,
)
from app.values.snapshot import DestinationState
from tests.support.channels import CoroutineChannel
from tests.support.engine import (
    HOOK,
    PARTITION,
    ScriptedChannel,
    SkewedClock,
    assignment,
    delivery,
    item,
    notification,
    observer,
    until,
)

DAY = 86_400.0


class MergingChannel(CoroutineChannel):
    """Takes ten at once; answers as scripted, afterwards everything is accepted."""

    name = "webhook"
    most_merged = 10

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.requests: list[list[str]] = []
        self.plain: list[str] = []

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Answer as scripted."""
        self.requests.append([each.notification.content for each in deliveries])
        self.plain += [each.notification.content for each in deliveries if each.plain]
        if self._answers:
            return self._answers.pop(0)
        return Answer(tuple((Delivered(),) * len(each.targets) for each in deliveries))

    def mergeable(self, deliveries: Sequence[Delivery], more: Delivery) -> bool:
        """Say whether there is room."""
        del more
        return len(deliveries) < self.most_merged


class Bench:
    """One lane with everything around it.

    The lane knows already that its destination has no limit: it sends several at once.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        concurrency: int = 1,
        attempts: int = 3,
        max_age: float = 0.0,
        known: bool = True,
    ) -> None:
        self.channel = channel
        self.assignment = assignment()
        self.clock = SkewedClock()
        self.observer = observer(self.clock)
        self.done: list[Job] = []
        self.failures: list[BaseException] = []
        self.host_limits: list[tuple[Destination, float]] = []
        self.refused = 0
        self.draining = False
        self.nearly_full = False
        self.tasks = Tasks(self.failures.append)
        self.turn = Turn(self.observer)
        self.lane = Lane(
            HOOK,
            channel,
            host="hooks.example",
            concurrency=concurrency,
            policy=RetryPolicy(attempts, base_delay=0.02, max_delay=0.02, max_age=max_age),
            clock=self.clock,
            observer=self.observer,
            chance=lambda: 1.0,
            turn=self.turn,
            budget=UNLIMITED,
            share=Shares(1000).of("hooks.example"),
            surroundings=self,
        )
        if known:
            gate = self.lane._gate
            gate.end(gate.begin(0.0), Verdict.ALIVE, None, 0.0)
        self._offset = 0

    def pause_of(self, identity: str) -> Pausing | None:
        """Say that it is not paused, to begin with."""
        assert identity == destination_id(HOOK)
        return None

    def is_held(self, item: Item) -> bool:
        """Say whether its partition is this worker's."""
        return self.assignment.of(item) is not None

    def job_done(self, job: Job) -> None:
        """Remember what came out of the lane."""
        self.done.append(job)

    def host_limited(self, destination: Destination, until: float) -> None:
        """Remember limits for everybody."""
        self.host_limits.append((destination, until))

    def request_refused(self, destination: Destination) -> None:
        """Count invalid requests."""
        assert destination is HOOK
        self.refused += 1

    def put(
        self,
        told: Notification,
        targets: Sequence[str] = ("a",),
        before: Deferral | None = None,
        received_at: float | None = None,
        *,
        crowded: bool = False,
    ) -> Item:
        """Enter a notification and put it in line."""
        entered = item(
            told,
            self.assignment[PARTITION],
            offset=self._offset,
            before=before,
            received_at=received_at,
        )
        in_order = self.channel.in_order
        job = job_of(entered, delivery(told, targets), self._offset, in_order=in_order)
        route(entered, [job])
        self._offset += 1
        self.lane.submit(job, crowded=crowded)
        return entered

    async def finished(self, count: int) -> None:
        """Wait until that many jobs are done."""
        await until(lambda: len(self.done) >= count)


async def test_what_joins_a_long_line_in_a_crowd_is_packed_until_its_turn_comes() -> None:
    """It is sent, or put aside, as it would have been."""
    gate = asyncio.Event()
    channel = ScriptedChannel(gate=gate)
    bench = Bench(channel, max_age=DAY)
    told = [notification(f"text {each}", message_id=f"m-{each}") for each in range(LONG_LINE + 3)]
    items = [bench.put(each, crowded=True) for each in told]
    assert [each.packed is not None for each in items] == [False] * LONG_LINE + [True] * 3
    await channel.arrived(1)
    bench.lane.give_up_last(1)
    assert [job.item for job in bench.done] == items[-1:]
    assert items[-1].notification == told[-1]
    assert items[-1].deferred
    gate.set()
    await bench.finished(len(items))
    assert channel.contents == [each.content for each in told[:-1]]
    assert [each.notification for each in items] == told


async def test_urgent_goes_first_and_a_priority_keeps_the_partitions_order() -> None:
    """What waits is sent by priority, then in the order in which it came."""
    gate = asyncio.Event()
    channel = ScriptedChannel(gate=gate)
    bench = Bench(channel)
    bench.put(notification("first"))
    await channel.arrived(1)
    bench.put(notification("normal 1"))
    bench.put(notification("low", priority=Priority.LOW))
    bench.put(notification("normal 2"))
    bench.put(notification("urgent", priority=Priority.URGENT))
    gate.set()
    await bench.finished(5)
    assert channel.contents == ["first", "urgent", "normal 1", "normal 2", "low"]


async def test_the_same_ordering_key_waits_for_the_one_ahead_through_its_retries() -> None:
    """Key order beats priority and concurrency; other keys go on meanwhile."""
    channel = ScriptedChannel([[Retry("busy")]])
    bench = Bench(channel, concurrency=4)
    bench.put(notification("a1", ordering_key="a"))
    bench.put(notification("a2", ordering_key="a", priority=Priority.URGENT))
    bench.put(notification("b1", ordering_key="b"))
    bench.put(notification("a3", ordering_key="a"))
    await bench.finished(4)
    assert [text for text in channel.contents if text.startswith("a")] == ["a1", "a1", "a2", "a3"]
    assert channel.contents.index("b1") < channel.contents.index("a2")
    await until(lambda: bench.lane.idle)


async def test_never_more_under_way_than_allowed() -> None:
    """Sixteen deliveries through a lane for three are three at a time."""
    gate = asyncio.Event()
    channel = ScriptedChannel(gate=gate)
    bench = Bench(channel, concurrency=3)
    for number in range(16):
        bench.put(notification(str(number)))
    await channel.arrived(3)
    assert (bench.lane.active, bench.lane.queued) == (3, 13)
    assert bench.lane.could_work
    gate.set()
    await bench.finished(16)
    assert channel.most_under_way == 3


async def test_tries_again_and_counts_every_further_attempt() -> None:
    """Two failures and a success are three attempts, two of them retries."""
    channel = ScriptedChannel([[Retry("refused")], [Retry("refused")]])
    bench = Bench(channel)
    sent = bench.put(notification())
    await bench.finished(1)
    assert len(channel.sent) == 3
    assert bench.observer.statistics.retried == 2
    assert bench.observer.statistics.channel("webhook").sent == 1
    assert (sent.attempts, len(sent.delivered), sent.failures) == (3, 1, ())
    assert [made.status for made in bench.observer.attempts.page().deliveries] == [
        "delivered",
        "retry",
        "retry",
    ]


async def test_gives_up_when_the_attempts_are_used_up() -> None:
    """The last error stands on the failure, and the lane shows it."""
    bench = Bench(ScriptedChannel([[Retry("one")], [Retry("two")]]), attempts=2)
    sent = bench.put(notification())
    await bench.finished(1)
    assert [(failure.reason, failure.error) for failure in sent.failures] == [
        (Reason.EXHAUSTED, "two")
    ]
    assert sent.first_failure is not None
    assert bench.lane.last_error == "two"
    assert bench.observer.statistics.destination(HOOK).failed == 1


async def test_recipients_that_accepted_are_not_asked_again() -> None:
    """Of three targets one accepts, one refuses, one is tried again: alone."""
    channel = ScriptedChannel([[Delivered(), Rejected("no such user"), Retry("later")]])
    bench = Bench(channel)
    sent = bench.put(notification(), targets=("a", "b", "c"))
    await bench.finished(1)
    assert [target.label for target in channel.sent[1].targets] == ["c"]
    assert [target.label for target in sent.delivered] == ["a", "c"]
    assert [failure.target.label for failure in sent.failures] == ["b"]


async def test_a_rate_limit_holds_the_lane_and_is_no_attempt() -> None:
    """Nothing is sent before the time the destination named, then the same one goes first."""
    channel = ScriptedChannel([[RateLimited("slow down", after=0.1)]])
    bench = Bench(channel, attempts=1)
    sent = bench.put(notification("one"))
    bench.put(notification("two"))
    started = time.monotonic()
    await until(lambda: bench.lane.state()[0] is DestinationState.RATE_LIMITED)
    assert bench.lane.state()[1] is not None
    assert not bench.lane.could_work
    await bench.finished(2)
    assert time.monotonic() - started >= 0.09
    assert channel.contents == ["one", "one", "two"]
    assert sent.attempts == 1
    assert bench.lane.state() == (DestinationState.OPEN, None)
    assert bench.host_limits == []


@pytest.mark.parametrize("after", [None, 0.0])
async def test_a_limit_without_an_end_is_a_pause_all_the_same(after: float | None) -> None:
    """Asking again at once would be asking as fast as the network is, for minutes."""
    bench = Bench(ScriptedChannel([[RateLimited("busy", after=after)]]))
    started = time.monotonic()
    bench.put(notification())
    await bench.finished(1)
    assert time.monotonic() - started >= 0.02


async def test_a_limit_on_the_whole_host_is_reported() -> None:
    """Discord's global limit holds every lane of its host."""
    bench = Bench(ScriptedChannel([[RateLimited("global", after=0.01, scope=Scope.HOST)]]))
    bench.put(notification())
    await bench.finished(1)
    assert [destination for destination, _ in bench.host_limits] == [HOOK]


async def test_a_shorter_limit_does_not_cut_a_longer_one() -> None:
    """Two answers may disagree; the later time holds."""
    bench = Bench(ScriptedChannel())
    now = time.monotonic()
    bench.lane.hold(now + 60)
    bench.lane.hold(now + 1)
    assert (bench.lane.state()[1] or 0.0) > 50
    bench.lane.hold(now + 90)
    assert (bench.lane.state()[1] or 0.0) > 80
    bench.lane.close()


async def test_expired_is_not_sent() -> None:
    """Past its time nothing is sent, also when it expired while waiting."""
    channel = ScriptedChannel()
    bench = Bench(channel)
    sent = bench.put(notification(expires_at=time.time() - 1))
    await bench.finished(1)
    assert channel.sent == []
    assert [failure.reason for failure in sent.failures] == [Reason.EXPIRED]
    assert bench.observer.statistics.channel("webhook").expired == 1
    assert bench.lane.last_error is None


@pytest.mark.parametrize(
    ("answer", "state"),
    [(Rejected("no"), DestinationState.OPEN), (Gone("deleted"), DestinationState.GONE)],
)
async def test_a_refusal_is_final(answer: Outcome, state: DestinationState) -> None:
    """A refused notification is not tried again; a destination that is gone says so."""
    channel = ScriptedChannel([[answer]])
    bench = Bench(channel)
    sent = bench.put(notification())
    await bench.finished(1)
    assert len(channel.sent) == 1
    assert sent.failures[0].reason is Reason.REJECTED
    assert bench.lane.state()[0] is state


async def test_a_fault_in_the_channel_is_an_attempt_that_failed() -> None:
    """A bug must not lose what it was asked to send, nor stop the lane."""
    channel = ScriptedChannel([RuntimeError("bug")])
    bench = Bench(channel)
    sent = bench.put(notification())
    await bench.finished(1)
    assert len(sent.delivered) == 1
    assert bench.failures == []


async def test_discarding_drops_what_waits_in_every_place() -> None:
    """Queued, delayed and behind a key: gone; what is under way and the others go on."""
    gate = asyncio.Event()
    channel = ScriptedChannel(gate=gate)
    bench = Bench(channel)
    bench.put(notification("under way", ordering_key="k"))
    await channel.arrived(1)
    unwanted = [bench.put(notification("queued")), bench.put(notification("b", ordering_key="k"))]
    unwanted.append(bench.put(notification("head", ordering_key="j")))
    bench.put(notification("kept behind it", ordering_key="j"))
    bench.put(notification("kept"))
    bench.lane.discard(lambda job: job.item in unwanted)
    gate.set()
    await bench.finished(3)
    assert channel.contents == ["under way", "kept behind it", "kept"]
    assert {job.state for dropped in unwanted for job in dropped.jobs} == {State.DISCARDED}
    await until(lambda: bench.lane.idle)


async def test_discarding_cancels_a_delayed_attempt() -> None:
    """A job that waits for its back-off is dropped with its timer."""
    channel = ScriptedChannel([[Retry("busy", after=60.0)]])
    bench = Bench(channel)
    dropped = bench.put(notification())
    await channel.arrived(1)
    await until(lambda: bench.lane.queued == 1 and not bench.lane.active)
    bench.lane.discard(lambda _: True)
    assert bench.lane.queued == 0
    assert dropped.jobs[0].state is State.DISCARDED


async def test_closing_cancels_the_timers() -> None:
    """Nothing fires after the lane was closed."""
    channel = ScriptedChannel([[Retry("busy", after=60.0)]])
    bench = Bench(channel)
    bench.put(notification())
    await channel.arrived(1)
    await until(lambda: bench.lane.queued == 1 and not bench.lane.active)
    bench.lane.hold(time.monotonic() + 60)
    bench.lane.close()
    assert bench.lane.queued == 0


@pytest.mark.parametrize("priority", [Priority.NORMAL, Priority.URGENT])
async def test_while_draining_nothing_overtakes_what_has_its_key(priority: Priority) -> None:
    """What was not started goes, and what is behind it with it: the next worker has their order."""
    channel = ScriptedChannel()
    bench = Bench(channel)
    bench.lane.hold(time.monotonic() + 60)
    new = bench.put(notification("new", ordering_key="k"))
    started = bench.put(notification("started", ordering_key="k", priority=priority))
    other = bench.put(notification("other", ordering_key="j"))
    alone = bench.put(notification("alone"))
    for one in (started, other, alone):
        fail(one, one.jobs[0].delivery.targets[0], Reason.REJECTED, "another target's", 1.0)
    bench.lane.drain()
    states = [one.jobs[0].state for one in (new, started, other, alone)]
    assert states == [State.DISCARDED, State.DISCARDED, State.WAITING, State.WAITING]
    bench.lane.close()


async def test_while_draining_a_failure_is_left_to_the_next_worker() -> None:
    """With what is behind it: the second is not to arrive here before the first does elsewhere."""
    gate = asyncio.Event()
    channel = ScriptedChannel([[Retry("busy")]], gate=gate)
    bench = Bench(channel)
    failing = bench.put(notification("first", ordering_key="k"))
    await channel.arrived(1)
    behind = bench.put(notification("second", ordering_key="k"))
    bench.put(notification("another's", ordering_key="j"))
    bench.draining = True
    gate.set()
    await bench.finished(1)
    assert channel.contents == ["first", "another's"]
    assert [one.jobs[0].state for one in (failing, behind)] == [State.DISCARDED] * 2
    assert bench.lane.queued == 0


async def test_cancelling_settles_nothing() -> None:
    """A cancelled attempt leaves its job discarded and the item unfinished."""
    channel = ScriptedChannel(gate=asyncio.Event())
    bench = Bench(channel)
    waiting = bench.put(notification())
    await channel.arrived(1)
    bench.lane.close()
    await bench.tasks.cancel()
    assert bench.done == []
    assert waiting.jobs[0].state is State.DISCARDED
    assert not waiting.finished


async def test_failures_in_a_row_break_the_destination_and_a_probe_mends_it() -> None:
    """What waits is not tried while it is broken; afterwards everything arrives."""
    channel = ScriptedChannel([[Retry("refused")]] * 5)
    bench = Bench(channel, attempts=9, max_age=DAY)
    for number in range(3):
        bench.put(notification(str(number)))
    await until(lambda: bench.lane.state()[0] is DestinationState.BROKEN)
    assert len(channel.sent) == 5
    assert not bench.lane.could_work
    bench.lane.probe_now()
    await bench.finished(3)
    assert bench.lane.state() == (DestinationState.OPEN, None)
    assert len(channel.sent) == 8
    assert {job.state for job in bench.done} == {State.DONE}


async def test_a_broken_destination_keeps_only_a_few_while_there_is_hardly_room() -> None:
    """The others go as they come, and wait as long as it has failed: nothing waits for them."""
    channel = ScriptedChannel([[Retry("refused")]] * 5)
    bench = Bench(channel, attempts=9, max_age=DAY)
    for number in range(KEPT + 40):
        bench.put(notification(str(number)))
    await until(lambda: bench.lane.state()[0] is DestinationState.BROKEN)
    assert (bench.lane.queued, bench.done) == (KEPT + 40, [])
    bench.nearly_full = True
    later = [bench.put(notification("later")) for _ in range(60)]
    await bench.finished(100)
    assert bench.lane.queued == KEPT
    assert [job.item for job in bench.done[-60:]] == later
    assert {(job.state, job.put_aside_for) for job in bench.done} == {(State.DEFERRED, 30.0)}
    assert all(job.item.first_failure is not None for job in bench.done)
    before = Deferral(first_failure=time.time() - 700.0)
    again = bench.put(notification("again"), before=before)
    await bench.finished(101)
    assert [(job.item, job.put_aside_for) for job in bench.done[100:]] == [(again, 600.0)]
    assert len(channel.sent) == 5
    bench.lane.close()


async def test_without_deferring_a_broken_lane_keeps_all_that_it_has() -> None:
    """There is nowhere to put it: what is full stays full."""
    channel = ScriptedChannel([[RateLimited("much later", after=61.0)]])
    bench = Bench(channel)
    bench.nearly_full = True
    for number in range(KEPT + 40):
        bench.put(notification(str(number)))
    await until(lambda: bench.lane.state()[0] is DestinationState.RATE_LIMITED)
    assert (bench.lane.queued, bench.done) == (KEPT + 40, [])
    bench.lane.close()


async def test_what_cannot_be_tried_for_long_is_put_aside() -> None:
    """A destination that asks for more than a minute does not keep anything in memory."""
    channel = ScriptedChannel([[RateLimited("much later", after=61.0)]])
    bench = Bench(channel, max_age=DAY)
    items = [bench.put(notification(str(number), ordering_key="k")) for number in range(3)]
    await bench.finished(3)
    assert {job.state for job in bench.done} == {State.DEFERRED}
    assert {job.put_aside_for for job in bench.done} == {30.0}
    assert all(each.first_failure is not None for each in items)
    assert bench.lane.queued == 0
    late = bench.put(notification("late"))
    await until(lambda: late.jobs[0].state is State.DEFERRED)
    assert len(channel.sent) == 1


async def test_without_deferring_it_waits_in_memory() -> None:
    """Nothing is given up for somebody else's patience."""
    channel = ScriptedChannel([[RateLimited("much later", after=61.0)]])
    bench = Bench(channel)
    bench.put(notification())
    await until(lambda: bench.lane.state()[0] is DestinationState.RATE_LIMITED)
    assert (bench.lane.queued, bench.done) == (1, [])
    bench.lane.close()


async def test_without_deferring_each_notification_has_its_attempts_at_a_denial() -> None:
    """Nothing waits for a probe that is minutes away: it would fill the window and hold all up."""
    channel = ScriptedChannel([[Denied("403")]] * 12)
    bench = Bench(channel)
    refused = [bench.put(notification(str(number))) for number in range(4)]
    await bench.finished(4)
    assert len(channel.sent) == 12
    told = [(each.reason, each.error) for one in refused for each in one.failures]
    assert told == [(Reason.EXHAUSTED, "403")] * 4


async def test_attempts_in_memory_are_used_up_then_it_is_put_aside() -> None:
    """Three attempts, then later; the delay follows the time since the first failure."""
    channel = ScriptedChannel([[Retry("refused")]] * 3)
    bench = Bench(channel, max_age=DAY)
    sent = bench.put(notification())
    await bench.finished(1)
    (job,) = bench.done
    assert (job.state, job.put_aside_for, job.attempts) == (State.DEFERRED, 30.0, 3)
    assert sent.deferred
    later = deferral_of(sent)
    assert (later.deferral.attempts, later.seconds) == (3, 30.0)


async def test_what_was_deferred_before_has_one_attempt() -> None:
    """And it counts as a retry, with the attempts of before."""
    bench = Bench(ScriptedChannel([[Retry("still")]]), max_age=DAY)
    before = Deferral(attempts=7, first_failure=bench.clock.now() - 130)
    sent = bench.put(notification(), before=before)
    await bench.finished(1)
    assert bench.observer.statistics.retried == 1
    assert (sent.attempts, bench.done[0].put_aside_for) == (8, 120.0)


async def test_what_is_too_old_is_given_up() -> None:
    """A day after its first failure it is a dead letter."""
    bench = Bench(ScriptedChannel([[Retry("still")]]), max_age=DAY)
    before = Deferral(attempts=7, first_failure=bench.clock.now() - DAY)
    sent = bench.put(notification(), before=before)
    await bench.finished(1)
    assert [(f.reason, f.error) for f in sent.failures] == [(Reason.EXHAUSTED, "still")]
    assert bench.done[0].state is State.DONE


async def test_what_expires_while_it_is_put_aside_is_not() -> None:
    """Its time has passed: it is not sent, now or later."""
    bench = Bench(ScriptedChannel([[Retry("refused", after=70.0)]]), max_age=DAY)
    sent = bench.put(notification(expires_at=bench.clock.now() + 0.5))
    await until(lambda: bench.lane.active == 0 and len(bench.done) == 1)
    assert bench.done[0].state is State.DEFERRED
    late = bench.put(notification("late", expires_at=bench.clock.now() - 1))
    await bench.finished(2)
    assert [failure.reason for failure in late.failures] == [Reason.EXPIRED]
    assert sent.failures == ()


async def test_a_long_wait_that_was_asked_for_is_spent_elsewhere() -> None:
    """``Retry-After`` of more than a minute is no reason to hold a notification in memory."""
    bench = Bench(ScriptedChannel([[Retry("busy", after=61.0)]]), max_age=DAY)
    bench.put(notification())
    await bench.finished(1)
    assert bench.done[0].state is State.DEFERRED


async def test_five_minutes_in_memory_are_enough() -> None:
    """Whatever it waits for: after its next failure, or while it waits, it is put aside."""
    channel = ScriptedChannel([[Retry("refused")]])
    bench = Bench(channel, max_age=DAY)
    long_ago = time.monotonic() - 301
    bench.put(notification("tried"), received_at=long_ago)
    await bench.finished(1)
    assert bench.done[0].state is State.DEFERRED
    bench.lane.hold(time.monotonic() + 30)
    waiting = bench.put(notification("waiting"), received_at=long_ago)
    bench.lane.put_aside(lambda job: job.item is waiting)
    assert waiting.jobs[0].state is State.DEFERRED
    assert waiting.first_failure is None
    bench.lane.close()


async def test_what_would_be_sent_last_makes_room_first() -> None:
    """Urgent and older ones keep their place; what waits for its back-off counts too."""
    channel = ScriptedChannel([[Retry("busy", after=30.0)]])
    bench = Bench(channel, max_age=DAY)
    delayed = bench.put(notification("delayed", priority=Priority.LOW))
    await until(lambda: bench.lane.queued == 1 and bench.lane.active == 0)
    bench.lane.hold(time.monotonic() + 30)
    kept = [bench.put(notification("a")), bench.put(notification("b", priority=Priority.URGENT))]
    last = bench.put(notification("c"))
    assert bench.lane.give_up_last(2) == 2
    assert {job.item for job in bench.done} == {delayed, last}
    assert [one.jobs[0].state for one in kept] == [State.WAITING] * 2
    assert bench.lane.give_up_last(10) == 2
    assert bench.lane.queued == 0
    bench.lane.close()


LETTING_GO: dict[str, Callable[[Lane, Item], object]] = {
    "dropped": lambda lane, held: lane.discard(lambda job: job.item is held),
    "held for too long": lambda lane, held: lane.put_aside(lambda job: job.item is held),
    "making room": lambda lane, _: lane.give_up_last(1),
}


@pytest.mark.parametrize("let_go", LETTING_GO.values(), ids=LETTING_GO)
async def test_what_waited_behind_a_key_goes_when_the_one_ahead_is_let_go(
    let_go: Callable[[Lane, Item], object],
) -> None:
    """Nothing else would ever wake the lane for it."""
    channel = ScriptedChannel([[Retry("busy", after=50.0)]])
    bench = Bench(channel, max_age=DAY)
    held = bench.put(notification("held", priority=Priority.LOW, ordering_key="k"))
    await channel.arrived(1)
    await until(lambda: bench.lane.queued == 1 and bench.lane.active == 0)
    behind = bench.put(notification("behind", ordering_key="k"))
    let_go(bench.lane, held)
    await until(lambda: bench.done[-1:] == behind.jobs)
    assert channel.contents == ["held", "behind"]


async def test_a_gone_destination_refuses_everything_without_being_asked() -> None:
    """Until it is probed: once an hour, or when somebody says so."""
    channel = ScriptedChannel([[Gone("deleted")]])
    bench = Bench(channel, max_age=DAY)
    bench.put(notification("first"))
    await bench.finished(1)
    refused = bench.put(notification("second"))
    await bench.finished(2)
    assert len(channel.sent) == 1
    assert [(f.reason, f.error) for f in refused.failures] == [(Reason.REJECTED, "deleted")]
    bench.lane.probe_now()
    bench.put(notification("third"))
    await bench.finished(3)
    assert channel.contents == ["first", "third"]
    assert bench.lane.state() == (DestinationState.OPEN, None)


async def test_three_different_ones_that_are_not_let_in_are_about_us() -> None:
    """They are put aside and lost to nobody; the destination is denied, and everything waits."""
    channel = ScriptedChannel([[Denied("401")]] * 4)
    bench = Bench(channel, max_age=DAY)
    for number in range(3):
        assert bench.lane.state()[0] is DestinationState.OPEN
        bench.put(notification(f"{number}"))
        await bench.finished(number + 1)
    assert [(job.state, job.put_aside_for) for job in bench.done] == [(State.DEFERRED, 30.0)] * 3
    assert bench.lane.state()[0] is DestinationState.DENIED
    bench.put(notification("waits"))
    assert (bench.refused, len(channel.sent), bench.lane.queued) == (3, 3, 1)
    bench.lane.probe_now()
    await bench.finished(4)  # the probe is put aside, too
    assert (bench.done[3].state, bench.refused) == (State.DEFERRED, 4)
    assert bench.lane.state()[0] is DestinationState.DENIED
    bench.lane.close()


async def test_the_same_notification_again_and_again_tells_nothing_about_us() -> None:
    """It may be its text: only others tell."""
    bench = Bench(ScriptedChannel([[Denied("403")]] * 5), max_age=DAY)
    for number in range(5):
        bench.put(notification("the same"))
        await bench.finished(number + 1)
    assert bench.lane.state()[0] is DestinationState.OPEN


async def test_one_that_is_turned_away_while_others_pass_is_rejected_after_its_attempts() -> None:
    """A filter that dislikes a text likes it no better tomorrow."""
    channel = ScriptedChannel([[Denied("403 filtered")], [Delivered()], [Denied("403 filtered")]])
    bench = Bench(channel, max_age=DAY, attempts=2)
    bench.put(notification("disliked"))
    bench.put(notification("liked"))
    await bench.finished(2)
    assert bench.done[0].state is State.DEFERRED
    before = Deferral(attempts=1, first_failure=bench.done[0].item.first_failure)
    again = bench.put(notification("disliked"), before=before)
    await bench.finished(3)
    assert [(f.reason, f.error) for f in again.failures] == [(Reason.REJECTED, "403 filtered")]
    assert bench.lane.state() == (DestinationState.OPEN, None)


async def test_a_wrong_signature_is_about_us_at_once() -> None:
    """No other notification is tried for that."""
    bench = Bench(ScriptedChannel([[Denied("sign not match", certain=True)]]), max_age=DAY)
    bench.put(notification("first"))
    await bench.finished(1)
    assert bench.done[0].state is State.DEFERRED
    assert bench.lane.state()[0] is DestinationState.DENIED
    bench.lane.close()


class Chat(ScriptedChannel):
    """A channel that keeps the order of partitions."""

    in_order = True


async def test_a_chat_gets_what_a_partition_holds_in_its_order() -> None:
    """Through failures and priorities, one at a time; only urgent ones overtake."""
    channel = Chat([[Delivered()], [Retry("500")], [Retry("500")]])
    bench = Bench(channel, concurrency=4, attempts=5)
    bench.put(notification("1"))
    bench.put(notification("2", priority=Priority.HIGH))
    bench.put(notification("urgent", priority=Priority.URGENT))
    bench.put(notification("3", priority=Priority.LOW))
    await bench.finished(4)
    assert channel.contents == ["urgent", "1", "1", "1", "2", "3"]
    assert channel.most_under_way == 1


async def test_an_urgent_one_with_a_key_keeps_its_place_in_a_chat() -> None:
    """Key order beats priority."""
    channel = Chat([[Retry("500")]])
    bench = Bench(channel, attempts=5)
    bench.put(notification("open", ordering_key="k"))
    bench.put(notification("close", ordering_key="k", priority=Priority.URGENT))
    await bench.finished(2)
    assert channel.contents == ["open", "open", "close"]


@pytest.mark.parametrize(("scope", "refused"), [(Scope.DESTINATION, 1), (Scope.SHARED, 0)])
async def test_rate_limits_of_ones_own_are_counted(scope: Scope, refused: int) -> None:
    """Discord forgives those that others have used up."""
    bench = Bench(ScriptedChannel([[RateLimited("slow down", after=0.01, scope=scope)]]))
    bench.put(notification())
    await bench.finished(1)
    assert bench.refused == refused


async def test_waiting_for_a_limit_merges_and_a_bad_part_is_found() -> None:
    """Refused together, sent one by one: only the bad one fails, and none loses an attempt."""
    channel = MergingChannel(
        [
            Answer(((Delivered(),),), Allowance(1, 0, 0.05)),
            Answer(((Rejected("400"),),) * 3, Allowance(1, 0, 0.05)),
            Answer(((Delivered(),),), Allowance(5, 4, 0.05)),
            Answer(((Rejected("400"),),), Allowance(5, 3, 0.05)),
            Answer(((Delivered(),),), Allowance(5, 2, 0.05)),
        ]
    )
    bench = Bench(channel, known=False)
    items = [bench.put(notification(name, ordering_key="k")) for name in "abcd"]
    await bench.finished(4)
    assert channel.requests == [["a"], ["b", "c", "d"], ["b"], ["c"], ["d"]]
    assert [len(one.delivered) for one in items] == [1, 1, 0, 1]
    assert [one.attempts for one in items] == [1, 1, 1, 1]


async def test_a_refused_form_is_sent_once_more_as_plain_text() -> None:
    """At once, before what comes after it, and though attempts are used up."""
    channel = ScriptedChannel([[Rejected("no such card", form=True)]])
    bench = Bench(channel, attempts=1)
    sent = bench.put(notification("card", ordering_key="k"))
    bench.put(notification("next", ordering_key="k"))
    await bench.finished(2)
    assert [(each.notification.content, each.plain) for each in channel.sent] == [
        ("card", False),
        ("card", True),
        ("next", False),
    ]
    assert (len(sent.delivered), sent.failures) == (1, ())


async def test_plain_text_that_is_refused_is_given_up() -> None:
    """Whatever the service says about it: nothing simpler is left."""
    refused: list[Outcome] = [Rejected("no", form=True)]
    channel = ScriptedChannel([refused, refused])
    bench = Bench(channel)
    sent = bench.put(notification())
    await bench.finished(1)
    assert [each.plain for each in channel.sent] == [False, True]
    assert [failure.reason for failure in sent.failures] == [Reason.REJECTED]


async def test_a_merged_message_is_split_before_its_parts_become_plain_text() -> None:
    """Only the part that is refused by itself is sent as plain text."""
    refused = Rejected("bad card", form=True)
    channel = MergingChannel(
        [
            Answer(((Delivered(),),), Allowance(1, 0, 0.05)),
            Answer(((refused,), (refused,)), Allowance(9, 9, 0.05)),
            Answer(((refused,),)),
        ]
    )
    bench = Bench(channel, known=False)
    for text in ("first", "bad", "good"):
        bench.put(notification(text))
    await bench.finished(3)
    assert channel.requests == [["first"], ["bad", "good"], ["bad"], ["bad"], ["good"]]
    assert channel.plain == ["bad"]


@pytest.mark.parametrize("key", [None, "k"])
async def test_what_has_expired_is_merged_into_no_request(key: str | None) -> None:
    """It waited for the limit too long, and counts as expired like everything else."""
    channel = MergingChannel([Answer(((Delivered(),),), Allowance(1, 0, 0.05))])
    bench = Bench(channel, known=False)
    past = time.time() - 1
    bench.put(notification("a", ordering_key=key))
    bench.put(notification("b", ordering_key=key))
    late = bench.put(notification("late", ordering_key=key, expires_at=past))
    bench.put(notification("c", ordering_key=key))
    await bench.finished(4)
    assert channel.requests[0] == ["a"]
    assert sorted(name for request in channel.requests[1:] for name in request) == ["b", "c"]
    assert [failure.reason for failure in late.failures] == [Reason.EXPIRED]


async def test_merged_requests_that_fail_are_tried_again_in_order() -> None:
    """Each part keeps its own attempts; the key keeps its order."""
    channel = MergingChannel(
        [
            Answer(((Delivered(),),), Allowance(1, 0, 0.02)),
            Answer(((Retry("503"),),) * 2, Allowance(1, 0, 0.02)),
        ]
    )
    bench = Bench(channel, known=False)
    for name in "abc":
        bench.put(notification(name, ordering_key="k"))
    await bench.finished(3)
    assert channel.requests[:2] == [["a"], ["b", "c"]]
    assert [name for request in channel.requests[2:] for name in request] == ["b", "c"]
    assert bench.observer.statistics.retried == 2


async def test_expects_to_be_long_about_what_hangs() -> None:
    """A destination that does not answer is slow from the moment it does not."""
    channel = ScriptedChannel(gate=asyncio.Event())
    bench = Bench(channel, max_age=DAY)
    for number in range(10):
        bench.put(notification(str(number)))
    await channel.arrived(1)
    assert bench.lane.expected_wait() < 10
    bench.clock.ahead = 600.0
    assert bench.lane.expected_wait() > 10
    await bench.tasks.cancel()


async def test_partly_done_is_put_aside_while_draining() -> None:
    """A recipient that has its mail is not to get it again from the next worker."""
    channel = ScriptedChannel([[Delivered(), Retry("later")]])
    bench = Bench(channel, max_age=DAY)
    bench.draining = True
    sent = bench.put(notification(), targets=("a", "b"))
    await bench.finished(1)
    assert (bench.done[0].state, bench.done[0].put_aside_for) == (State.DEFERRED, 0.0)
    assert [target.label for target in bench.done[0].delivery.targets] == ["b"]
    assert not sent.under_way


async def test_what_was_taken_away_is_not_tried_again() -> None:
    """Its partition is somebody else's by now."""
    gate = asyncio.Event()
    channel = ScriptedChannel([[Retry("busy")]], gate=gate)
    bench = Bench(channel, max_age=DAY)
    sent = bench.put(notification())
    await channel.arrived(1)
    bench.assignment.take()
    gate.set()
    await until(lambda: sent.jobs[0].state is State.DISCARDED)
    assert (bench.lane.queued, bench.done) == (0, [])


class GatedMergingChannel(MergingChannel):
    """Lets the first request through; the others wait for the gate."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__(answers)
        self.gate = asyncio.Event()

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Answer as scripted, when it is time."""
        answer = await super().send(deliveries)
        if len(self.requests) > 1:
            await self.gate.wait()
        return answer


async def test_a_limit_that_ends_sooner_than_was_thought_is_not_waited_for() -> None:
    """The length of a period is a guess until an answer tells it."""
    channel = GatedMergingChannel(
        [
            Answer(((Delivered(),),), Allowance(1, 0, 30.0)),
            Answer(((Delivered(),),), Allowance(1, 0, 0.01)),
        ]
    )
    bench = Bench(channel, known=False)
    bench.put(notification("a"))
    await bench.finished(1)
    bench.clock.ahead = 30.0  # the period is over
    bench.put(notification("b"))
    await until(lambda: channel.requests[1:] == [["b"]])
    bench.put(notification("c"))
    channel.gate.set()
    await bench.finished(3)


@pytest.mark.parametrize("outcome", [Rejected("400"), Retry("503")])
async def test_what_was_taken_away_while_it_was_merged_is_not_sent_again(outcome: Outcome) -> None:
    """Whoever has the partition now sends it; so does the retry topic with what was put aside."""
    channel = GatedMergingChannel(
        [Answer(((Delivered(),),), Allowance(1, 0, 0.02)), Answer(((outcome,),) * 3, None)]
    )
    bench = Bench(channel, max_age=DAY, known=False)
    bench.put(notification("a", ordering_key="k"))
    merged = [bench.put(notification(name, ordering_key="k")) for name in "bcd"]
    await until(lambda: channel.requests[1:] == [["b", "c", "d"]])
    put_aside(merged[2])
    bench.assignment.take()
    channel.gate.set()
    await until(lambda: bench.lane.idle)
    assert channel.requests[2:] == []
    states = [each.jobs[0].state for each in merged]
    assert states == [State.DISCARDED, State.DISCARDED, State.DEFERRED]


@pytest.mark.parametrize("targets", [["a"], ["a", "b"]])
async def test_an_answer_that_comes_after_it_was_put_aside_changes_nothing(
    targets: list[str],
) -> None:
    """It is in the retry topic by then; what happened to it here is not known to be final."""
    gate = asyncio.Event()
    channel = ScriptedChannel(gate=gate)
    bench = Bench(channel, max_age=DAY)
    sent = bench.put(notification("a", ordering_key="k"), targets)
    bench.put(notification("b", ordering_key="k"))
    await channel.arrived(1)
    put_aside(sent)
    gate.set()
    await bench.finished(1)
    assert bench.done[0].item is not sent
    assert sent.delivered == ()


PAUSE = Pausing(True, "alice", 0.0)


async def test_what_is_for_a_paused_destination_is_put_aside() -> None:
    """What waits and what comes; what was under way goes on; it is no failure of anybody's."""
    gate = asyncio.Event()
    channel = ScriptedChannel(gate=gate)
    bench = Bench(channel, max_age=60)
    sent = bench.put(notification("under way"))
    await channel.arrived(1)
    waiting = bench.put(notification("waiting"))
    bench.lane.keep_to(PAUSE)
    late = bench.put(notification("late"))
    await bench.finished(2)
    assert bench.lane.state() == (DestinationState.PAUSED, None)
    assert not bench.lane.queued
    for put_off in (waiting, late):
        (job,) = put_off.jobs
        assert (job.state, job.put_aside_for, job.paused) == (State.DEFERRED, 3600.0, True)
        assert (put_off.first_failure, put_off.failures) == (None, ())
    gate.set()
    await bench.finished(3)
    assert [target.label for target in sent.delivered] == ["a"]
    assert channel.contents == ["under way"]
    assert not bench.lane.could_work


async def test_what_fails_while_its_destination_is_paused_is_put_aside_too() -> None:
    """It has no further attempt until somebody resumes it."""
    gate = asyncio.Event()
    channel = ScriptedChannel([[Retry("busy")]], gate=gate)
    bench = Bench(channel, max_age=60)
    tried = bench.put(notification())
    await channel.arrived(1)
    bench.lane.keep_to(PAUSE)
    gate.set()
    await bench.finished(1)
    (job,) = tried.jobs
    assert (job.state, job.paused) == (State.DEFERRED, True)
    assert len(channel.sent) == 1


async def test_a_pause_gives_nothing_up_however_old_it_is() -> None:
    """Neither where nothing else is deferred, nor past its age."""
    for max_age in (0.0, 60.0):
        bench = Bench(ScriptedChannel(), max_age=max_age)
        bench.lane.keep_to(PAUSE)
        old = bench.put(notification(), before=Deferral(first_failure=1.0))
        await bench.finished(1)
        (job,) = old.jobs
        assert (job.state, old.failures) == (State.DEFERRED, ())


async def test_a_pause_lets_expire_what_expires_and_defers_nothing_that_may_not_be() -> None:
    """Both come to their end, and say why."""
    bench = Bench(ScriptedChannel(), max_age=60)
    bench.lane.keep_to(PAUSE)
    expired = bench.put(notification(expires_at=time.time() - 1))
    once = bench.put(msgspec.structs.replace(notification(), once=True))
    await bench.finished(2)
    assert [failure.reason for failure in expired.failures] == [Reason.EXPIRED]
    (failure,) = once.failures
    assert failure.reason is Reason.EXHAUSTED
    assert "paused by alice" in failure.error


async def test_a_destination_that_is_resumed_is_asked_again_at_once() -> None:
    """Whether it was paused, broken or gone."""
    channel = ScriptedChannel([[Gone("deleted")]])
    bench = Bench(channel, max_age=60)
    bench.put(notification("one"))
    await bench.finished(1)
    assert bench.lane.state()[0] is DestinationState.GONE
    bench.lane.keep_to(PAUSE)
    assert bench.lane.state()[0] is DestinationState.PAUSED
    bench.lane.keep_to(None)
    bench.put(notification("two"))
    await bench.finished(2)
    assert channel.contents == ["one", "two"]
    assert bench.lane.state() == (DestinationState.OPEN, None)


async def test_a_test_goes_to_a_paused_destination_and_nothing_else_does() -> None:
    """Words to the operator wait like notifications; whoever tests means it."""
    bench = Bench(ScriptedChannel(), max_age=60)
    bench.lane.keep_to(PAUSE)
    words = asyncio.create_task(bench.lane.asides.begin())
    number = await bench.lane.asides.begin(though_paused=True)
    assert number is not None
    assert not words.done()
    bench.lane.asides.end(number, None, 0.0)
    bench.lane.keep_to(None)
    assert await words is not None
    bench.lane.close()


async def test_what_was_given_up_before_it_began_is_never_asked() -> None:
    """Requests of many lanes begin a few at a time; a lane may be closed meanwhile."""
    channel = ScriptedChannel()
    bench = Bench(channel, concurrency=AT_ONCE + 1)
    for number in range(AT_ONCE + 1):
        bench.put(notification(str(number)))
    await asyncio.sleep(0)
    begun = [each.attempt is not None for each in bench.lane._under_way._requests]
    assert begun == [True] * AT_ONCE + [False]
    bench.lane.close()
    for _ in range(3):
        await asyncio.sleep(0)
    assert str(AT_ONCE) not in channel.contents


async def test_discarding_drops_what_was_chosen_and_has_not_begun() -> None:
    """A process may be stopped in between, and its partitions be somebody else's afterwards."""
    channel = ScriptedChannel(gate=asyncio.Event())
    bench = Bench(channel, concurrency=AT_ONCE + 2)
    entered = [bench.put(notification(str(number))) for number in range(AT_ONCE + 2)]
    await asyncio.sleep(0)
    *begun, wanted, dropped = entered
    assert {each.jobs[0].state for each in entered} == {State.ACTIVE}
    bench.lane.discard(lambda job: job.item is not wanted)
    assert dropped.jobs[0].state is State.DISCARDED
    assert not dropped.started
    assert {each.jobs[0].state for each in (*begun, wanted)} == {State.ACTIVE}
    assert bench.lane.active == AT_ONCE + 1
    assert channel.gate is not None
    channel.gate.set()
    await bench.finished(AT_ONCE + 1)
    assert str(AT_ONCE + 1) not in channel.contents
    await until(lambda: bench.lane.idle)
