"""A fault inside one lane ends that lane's attempt: no session, no other notification."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.edges.channels.base import Attempt, Then
from app.engine.inflight.item import State
from app.values.delivery import Delivery
from app.values.outcome import (
    Allowance,
    Answer,
    Delivered,
    Expired,
    Outcome,
    RateLimited,
    Reason,
    Retry,
)
from app.values.snapshot import DestinationState
from tests.support.engine import ScriptedChannel, notification, run_on_uvloop, until
from tests.unit.engine.lanes.test_lane import DAY, Bench, MergingChannel

TINY = (1e-300, 1e-9, 0.0003, 0.0005, 0.001, 0.0)


@pytest.mark.parametrize("after", TINY)
def test_a_wait_shorter_than_the_loop_knows_is_a_wait_like_any_other(after: float) -> None:
    """What waits while the lane is held for a moment is sent after it, on the real loop too."""

    async def main() -> None:
        channel = ScriptedChannel([[RateLimited("429", after=after)]] * 3)
        bench = Bench(channel, concurrency=4)
        for number in range(20):
            bench.put(notification(str(number)))
        bench.lane.hold(bench.clock.monotonic() + after)
        bench.lane.hold(bench.clock.monotonic() + after * 1.5)
        await bench.finished(20)
        assert bench.failures == []
        assert bench.observer.last_fault is None

    run_on_uvloop(main())


def test_an_honest_limit_of_five_in_half_a_second_is_kept_without_a_fault() -> None:
    """Its periods end after any fraction of a millisecond; every notification arrives."""

    class Honest(ScriptedChannel):
        """Five in a period of a tenth of what was found in the field."""

        def __init__(self) -> None:
            super().__init__()
            self._ends = 0.0
            self._left = 5
            self.refused = 0

        async def send(self, deliveries: Sequence[Delivery]) -> Answer:
            now = asyncio.get_running_loop().time()
            if now >= self._ends:
                self._ends, self._left = now + 0.05, 5
            after = max(self._ends - now - 0.0497, 1e-6)
            if not self._left:
                self.refused += 1
                return Answer(((RateLimited("429", after=after),),), Allowance(5, 0, after))
            self._left -= 1
            await super().send(deliveries)
            return Answer(((Delivered(),),), Allowance(5, self._left, after))

    async def main() -> None:
        bench = Bench(Honest(), concurrency=16)
        for number in range(60):
            bench.put(notification(str(number)))
            if number % 4 == 0:
                await asyncio.sleep(0.001)
        await bench.finished(60)
        assert bench.failures == []
        assert bench.observer.last_fault is None

    run_on_uvloop(main())


def test_a_retry_after_a_moment_goes_off_on_the_real_loop() -> None:
    """Back-off and what was asked for may be shorter than a millisecond, too."""

    async def main() -> None:
        channel = ScriptedChannel([[Retry("busy", after=1e-7)]] * 2)
        bench = Bench(channel)
        bench.lane._answers._chance = lambda: 0.0
        bench.put(notification())
        await bench.finished(1)
        assert len(channel.sent) == 3
        assert bench.failures == []

    run_on_uvloop(main())


async def test_a_channel_that_fails_breaks_no_destination() -> None:
    """Its fault tells nothing about whoever was to be asked; the others are sent at once."""
    faults = [RuntimeError("bug")] * 12
    channel = ScriptedChannel(faults)
    bench = Bench(channel, attempts=100, max_age=DAY)
    for number in range(3):
        bench.put(notification(str(number)))
    await bench.finished(3)
    assert bench.lane.state()[0] is DestinationState.OPEN
    assert {job.state for job in bench.done} == {State.DONE}
    assert bench.failures == []


async def test_a_channel_that_cannot_even_begin_ends_its_attempt() -> None:
    """It is tried again; the one behind it is delivered."""
    channel = ScriptedChannel()
    begin, faults = channel.begin, [RuntimeError("bug")]

    def trip(deliveries: Sequence[Delivery], then: Then) -> Attempt:
        if faults:
            raise faults.pop()
        return begin(deliveries, then)

    channel.begin = trip  # type: ignore[method-assign]
    bench = Bench(channel)
    for name in ("tripped over", "behind"):
        bench.put(notification(name))
    await bench.finished(2)
    assert {job.state for job in bench.done} == {State.DONE}
    assert sorted(channel.contents) == ["behind", "tripped over"]


async def test_what_meets_the_same_fault_every_time_is_put_aside() -> None:
    """With the error's name on it; the one behind it is delivered."""
    bench = Bench(ScriptedChannel([RuntimeError("secret")] * 3), max_age=DAY)
    bench.put(notification("poison", ordering_key="k"))
    bench.put(notification("healthy", ordering_key="k"))
    await bench.finished(2)
    assert [job.state for job in bench.done] == [State.DEFERRED, State.DONE]
    errors = {made.error for made in bench.observer.attempts.page().deliveries if made.error}
    assert len(errors) == 1
    assert "RuntimeError" in errors.pop()
    assert "secret" not in str(errors)


class PoisonedChannel(MergingChannel):
    """Cannot render what says "poison", alone or with others."""

    def __init__(self, answers: Sequence[Answer], *, merging: bool) -> None:
        super().__init__(answers)
        self._merging = merging

    def mergeable(self, deliveries: Sequence[Delivery], more: Delivery) -> bool:
        """Render."""
        if self._merging and more.notification.content == "poison":
            raise RecursionError
        return super().mergeable(deliveries, more)

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Render, then answer."""
        if any(each.notification.content == "poison" for each in deliveries):
            raise ValueError("cannot be rendered")
        return await super().send(deliveries)


@pytest.mark.parametrize("merging", [True, False])
async def test_a_part_that_cannot_be_rendered_takes_no_other_with_it(merging: bool) -> None:
    """Whether it shows when parts are chosen or when the request is made."""
    limited = Answer(((Delivered(),),), Allowance(1, 0, 0.02))
    channel = PoisonedChannel([limited], merging=merging)
    bench = Bench(channel, known=False, max_age=DAY)
    items = {name: bench.put(notification(name)) for name in ("a", "b", "poison", "c", "d")}
    await bench.finished(5)
    assert {name: each.jobs[0].state for name, each in items.items()} == {
        **dict.fromkeys("abcd", State.DONE),
        "poison": State.DEFERRED,
    }
    assert sorted(name for request in channel.requests for name in request) == list("abcd")
    assert bench.failures == []


ODD_ANSWERS = {
    "too few": Answer(()),
    "too many": Answer(((Delivered(),), (Delivered(),))),
    "too few targets": Answer(((),)),
    "too many targets": Answer(((Delivered(), Delivered()),)),
    "a limit without sense": Answer(((RateLimited("429", after=0.001),),), Allowance(0, 0, 0.001)),
    "a limit that is no number": Answer(((Delivered(),),), Allowance(1, 0, None)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("odd", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
async def test_a_channel_that_answers_nonsense_ends_its_attempt(odd: Answer) -> None:
    """The notification is tried again, or is done already."""
    bench = Bench(MergingChannel([odd]), known=False)
    sent = bench.put(notification())
    await bench.finished(1)
    assert len(sent.delivered) == 1
    assert bench.lane.active == 0
    assert bench.failures == []


def broken(bench: Bench, name: str) -> None:
    """Let one way of writing things down fail."""

    def fail(*_: object, **__: object) -> Any:
        raise KeyError(name)

    setattr(bench.observer, name, fail)


async def test_books_that_cannot_be_kept_change_no_outcome() -> None:
    """What was accepted is not sent again, what was not is tried again, whatever is written down."""
    channel = ScriptedChannel([[Delivered(), Retry("later"), Delivered()], [Delivered()]])
    bench = Bench(channel)
    broken(bench, "attempted")
    sent = bench.put(notification(), targets=("a", "b", "c"))
    bench.put(notification("next"))
    await bench.finished(2)
    assert [[target.label for target in each.targets] for each in channel.sent] == [
        ["a", "b", "c"],
        ["a"],
        ["b"],
    ]
    assert [target.label for target in sent.delivered] == ["a", "c", "b"]
    assert bench.failures == []


async def test_what_was_given_up_stays_given_up_when_that_cannot_be_counted() -> None:
    """An expired one does not come back from a retry topic."""
    bench = Bench(ScriptedChannel(), max_age=DAY)
    broken(bench, "gave_up")
    late = bench.put(notification(expires_at=1.0))
    await bench.finished(1)
    assert [failure.reason for failure in late.failures] == [Reason.EXPIRED]
    assert late.jobs[0].state is State.DONE
    assert bench.failures == []


@pytest.mark.parametrize("outcome", [Retry("x", after=70.0), Expired()])
async def test_a_retry_that_cannot_be_counted_is_not_made_but_not_lost(outcome: Outcome) -> None:
    """It is put aside, or has its end."""
    bench = Bench(ScriptedChannel([[outcome]]), max_age=DAY)
    broken(bench, "retried")
    bench.put(notification())
    await bench.finished(1)
    assert bench.done[0].state in (State.DEFERRED, State.DONE)
    assert bench.failures == []


async def test_a_timer_that_meets_a_fault_leaves_the_lane_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next one to come, or the next timer, wakes it."""
    bench = Bench(ScriptedChannel([[RateLimited("429", after=0.5)]]))
    bench.put(notification("held"))
    await until(lambda: bench.lane.state()[0] is DestinationState.RATE_LIMITED)
    gate, calls = bench.lane._gate, []

    def fail(now: float) -> float:
        calls.append(now)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(gate, "wait", fail)
        await until(lambda: bool(calls))
    bench.put(notification("next"))
    await bench.finished(2)
    assert bench.failures == []


async def test_putting_aside_what_cannot_be_booked_is_putting_aside_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Held for too long, and the books are broken: it goes to a retry topic."""
    bench = Bench(ScriptedChannel(), max_age=DAY)
    bench.lane.hold(bench.clock.monotonic() + 30)
    held = [bench.put(notification(str(number))) for number in range(3)]

    def fail(*_: object) -> None:
        raise OverflowError

    monkeypatch.setattr(bench.lane._outcomes, "put_aside", fail)
    bench.lane.put_aside(lambda _: True)
    assert [(job.state, job.put_aside_for) for job in bench.done] == [(State.DEFERRED, 30.0)] * 3
    assert {each.jobs[0].state for each in held} == {State.DEFERRED}
    bench.lane.close()
