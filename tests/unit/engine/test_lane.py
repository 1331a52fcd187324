"""A lane: order, concurrency, retries and patience for one destination."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from app.engine.item import Item, Job, State
from app.engine.journal import Journal
from app.engine.lane import Lane
from app.engine.partition import Assigned
from app.engine.tasks import Tasks
from app.policies.retry import RetryPolicy
from app.values.delivery import Destination
from app.values.notification import Notification, Priority
from app.values.outcome import Delivered, Gone, Outcome, RateLimited, Reason, Rejected, Retry
from app.values.snapshot import DestinationState
from tests.support.engine import (
    HOOK,
    PARTITION,
    ScriptedChannel,
    delivery,
    item,
    journal,
    notification,
    until,
)


class Bench:
    """One lane with everything around it."""

    def __init__(
        self, channel: ScriptedChannel, *, concurrency: int = 1, attempts: int = 3
    ) -> None:
        self.assigned = Assigned(PARTITION, 0)
        self.journal: Journal = journal()
        self.done: list[Job] = []
        self.failures: list[BaseException] = []
        self.host_limits: list[tuple[Destination, float]] = []
        self.may_retry = True
        self.tasks = Tasks(self.failures.append)
        self.lane = Lane(
            HOOK,
            channel,
            concurrency=concurrency,
            policy=RetryPolicy(max_attempts=attempts, base_delay=0.02, max_delay=0.02),
            journal=self.journal,
            chance=lambda: 1.0,
            spawn=self.tasks.spawn,
            on_done=self.done.append,
            on_host_limit=lambda destination, until: self.host_limits.append((destination, until)),
            may_retry=lambda _: self.may_retry,
        )
        self._offset = 0

    def put(self, told: Notification, targets: Sequence[str] = ("a",)) -> Item:
        """Enter a notification and put it in line."""
        entered = item(told, self.assigned, offset=self._offset)
        job = Job(entered, delivery(told, targets), self._offset)
        entered.jobs = [job]
        self._offset += 1
        self.lane.submit(job)
        return entered

    async def finished(self, count: int) -> None:
        """Wait until that many jobs are done."""
        await until(lambda: len(self.done) >= count)


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
    assert bench.journal.statistics.retried == 2
    assert bench.journal.statistics.channel("webhook").sent == 1
    assert (sent.attempts, len(sent.delivered), sent.failures) == (3, 1, [])
    assert [made.status for made in bench.journal.attempts.page().deliveries] == [
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
    assert bench.journal.statistics.destination(HOOK.label).failed == 1


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
    await until(lambda: bench.lane.state is DestinationState.RATE_LIMITED)
    assert bench.lane.held_until is not None
    assert not bench.lane.could_work
    await bench.finished(2)
    assert time.monotonic() - started >= 0.09
    assert channel.contents == ["one", "one", "two"]
    assert sent.attempts == 1
    assert bench.lane.state is DestinationState.OPEN
    assert bench.host_limits == []


async def test_a_limit_on_the_whole_host_is_reported() -> None:
    """Discord's global limit holds every lane of its host."""
    bench = Bench(ScriptedChannel([[RateLimited("global", after=0.01, scope="host")]]))
    bench.put(notification())
    await bench.finished(1)
    assert [destination for destination, _ in bench.host_limits] == [HOOK]


async def test_a_shorter_limit_does_not_cut_a_longer_one() -> None:
    """Two answers may disagree; the later time holds."""
    bench = Bench(ScriptedChannel())
    now = time.time()
    bench.lane.hold(now + 60)
    bench.lane.hold(now + 1)
    assert bench.lane.held_until == now + 60
    bench.lane.hold(now + 90)
    assert bench.lane.held_until == now + 90
    bench.lane.close()


async def test_expired_is_not_sent() -> None:
    """Past its time nothing is sent, also when it expired while waiting."""
    channel = ScriptedChannel()
    bench = Bench(channel)
    sent = bench.put(notification(expires_at=time.time() - 1))
    await bench.finished(1)
    assert channel.sent == []
    assert [failure.reason for failure in sent.failures] == [Reason.EXPIRED]
    assert bench.journal.statistics.channel("webhook").expired == 1
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
    assert bench.lane.state is state


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
    bench.lane.hold(time.time() + 60)
    bench.lane.close()
    assert bench.lane.queued == 0


async def test_while_draining_a_failure_is_left_to_the_next_worker() -> None:
    """Without leave to retry the job is discarded, unsettled, and its key is free."""
    channel = ScriptedChannel([[Retry("busy")]])
    bench = Bench(channel)
    bench.may_retry = False
    left = bench.put(notification("left", ordering_key="k"))
    bench.put(notification("next", ordering_key="k"))
    await bench.finished(1)
    assert left.jobs[0].state is State.DISCARDED
    assert bench.done[0].item is not left


async def test_cancelling_settles_nothing() -> None:
    """A cancelled attempt leaves its job discarded and the item unfinished."""
    channel = ScriptedChannel(gate=asyncio.Event())
    bench = Bench(channel)
    waiting = bench.put(notification())
    await channel.arrived(1)
    await bench.tasks.cancel()
    assert bench.done == []
    assert waiting.jobs[0].state is State.DISCARDED
    assert not waiting.finished
