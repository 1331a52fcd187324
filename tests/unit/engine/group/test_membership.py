"""A worker that stood still: nothing is sent until the group has said that it is still a member."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from app.engine.group.membership import DOUBT_AFTER, LONGEST_DOUBT, Membership
from app.engine.turn import Turn
from app.values.outcome import Answer
from tests.support.engine import SkewedClock, observer, until


class Sender:
    """Asks for one request each time it is woken."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.begun = 0

    def go(self) -> None:
        """Ask for it."""
        self._turn.ask(self)

    def begin(self) -> None:
        """Count."""
        self.begun += 1

    def ended(self, answer: Answer | Exception) -> None:
        """Nothing ends here."""
        raise AssertionError(answer)


class Bench:
    """A membership, the turn that it holds back, and a coordinator that answers when it is told."""

    def __init__(self) -> None:
        self.clock = SkewedClock()
        self.turn = Turn(observer(self.clock))
        self.asked_at = self.clock.monotonic()
        self.membership = Membership(
            self.clock,
            self.turn,
            unconfirmed_for=lambda: self.clock.monotonic() - self.asked_at,
        )
        self.turn.may_send = self.membership.is_certain
        self.sender = Sender(self.turn)

    def answer(self) -> None:
        """Let the coordinator have answered what was asked just now."""
        self.asked_at = self.clock.monotonic()

    async def sent(self) -> int:
        """Wake the sender; return how many requests have begun since, and before."""
        self.turn.wake(self.sender)
        await turns()
        return self.sender.begun


async def turns() -> None:
    """Let the loop come round so often that whatever can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """A membership that is watched."""
    monkeypatch.setattr("app.engine.group.membership.TICK", 0.0)
    bench = Bench()
    watching = asyncio.create_task(bench.membership.run())
    await turns()
    yield bench
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


@pytest.mark.parametrize("clock", ["ahead", "skew"])
async def test_nothing_is_sent_after_a_standstill_until_the_coordinator_answers(
    bench: Bench, clock: str
) -> None:
    """A process that was stopped, and a machine that was suspended: that shows in one clock each."""
    setattr(bench.clock, clock, DOUBT_AFTER + 1)
    assert await bench.sent() == 0
    bench.answer()
    await until(lambda: bench.sender.begun == 1)
    assert await bench.sent() == 2


async def test_what_is_woken_first_notices_the_standstill(bench: Bench) -> None:
    """Requests may stand in line when the process is stopped: they come before any timer."""
    bench.clock.let_pass(DOUBT_AFTER + 1)
    bench.turn.wake(bench.sender)
    await asyncio.sleep(0)
    assert bench.sender.begun == 0
    bench.answer()
    await until(lambda: bench.sender.begun == 1)


async def test_an_answer_to_what_was_asked_before_says_nothing(bench: Bench) -> None:
    """It was on its way while the process was stopped: the group may have changed since."""
    bench.answer()
    bench.clock.let_pass(DOUBT_AFTER + 1)
    assert await bench.sent() == 0


async def test_a_busy_loop_holds_nothing_back(bench: Bench) -> None:
    """However often it stands still for seconds."""
    for count in range(1, 10):
        bench.clock.let_pass(DOUBT_AFTER - 0.5)
        assert await bench.sent() == count


async def test_a_coordinator_that_does_not_answer_is_not_waited_for_any_longer(
    bench: Bench,
) -> None:
    """Kafka may be away: what was held is delivered all the same, as during any outage."""
    bench.clock.let_pass(DOUBT_AFTER + 1)
    assert await bench.sent() == 0
    waited = 0.0
    while waited < LONGEST_DOUBT - 4:
        bench.clock.let_pass(2.0)
        waited += 2.0
        assert await bench.sent() == 0
    bench.clock.let_pass(4.5)
    await until(lambda: bench.sender.begun == 1)


async def test_nothing_is_held_back_without_a_membership() -> None:
    """There is nothing to doubt: an operator is told that Kafka is away, say."""
    bench = Bench()
    bench.clock.let_pass(DOUBT_AFTER + 1)
    assert await bench.sent() == 1


async def test_a_doubt_ends_with_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one joins anew, and knows."""
    monkeypatch.setattr("app.engine.group.membership.TICK", 0.0)
    bench = Bench()
    watching = asyncio.create_task(bench.membership.run())
    await turns()
    bench.clock.let_pass(DOUBT_AFTER + 1)
    assert not bench.membership.is_certain()
    watching.cancel()
    await asyncio.wait({watching})
    assert bench.membership.is_certain()
