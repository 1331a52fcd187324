"""Requests beside a lane's jobs keep to the same limits, and are kept from none."""

import asyncio

import pytest

from app.engine.lanes.asides import Asides
from app.values.outcome import Answer, Delivered, RateLimited, Retry
from app.values.snapshot import DestinationState
from tests.support.engine import ScriptedChannel, notification, until
from tests.unit.engine.lanes.test_lane import DAY, Bench

ACCEPTED = Answer(((Delivered(),),))


async def begun(asides: Asides) -> int:
    """Begin a request that may be made."""
    async with asyncio.timeout(10):
        number = await asides.begin()
    assert number is not None
    return number


async def test_it_takes_a_place_and_gives_it_back() -> None:
    """A destination that takes one request at a time gets one at a time, whoever makes it."""
    gate = asyncio.Event()
    channel = ScriptedChannel(gate=gate)
    bench = Bench(channel)
    bench.put(notification("job"))
    await channel.arrived(1)
    bench.put(notification("next"))
    waiting = asyncio.create_task(begun(bench.lane.asides))
    await until(lambda: bool(bench.lane.asides.waiting))
    assert bench.lane.busy
    gate.set()
    number = await waiting  # it goes before the job that waits
    assert channel.contents == ["job"]
    bench.lane.asides.end(number, ACCEPTED, bench.clock.monotonic())
    await bench.finished(2)
    assert channel.contents == ["job", "next"]


async def test_a_limit_that_it_is_told_holds_for_jobs_too() -> None:
    """What the destination asks for is learned from every answer."""
    bench = Bench(ScriptedChannel())
    asides = bench.lane.asides
    asides.end(
        await begun(asides), Answer(((RateLimited("slow", after=50.0),),)), bench.clock.monotonic()
    )
    assert bench.lane.state()[0] is DestinationState.RATE_LIMITED
    bench.put(notification())
    waiting = asyncio.create_task(begun(asides))
    await until(lambda: bool(asides.waiting))
    assert not waiting.done()
    bench.clock.let_pass(60.0)
    bench.lane.hold(0.0)
    asides.end(await waiting, ACCEPTED, bench.clock.monotonic())
    await bench.finished(1)


async def test_failures_break_the_destination_and_a_success_mends_it() -> None:
    """It is asked as a probe once the pause is over."""
    bench = Bench(ScriptedChannel(), max_age=DAY)
    asides = bench.lane.asides
    for _ in range(5):
        asides.end(await begun(asides), Answer(((Retry("down"),),)), bench.clock.monotonic())
    assert bench.lane.state()[0] is DestinationState.BROKEN
    assert not bench.lane.has_accepted
    probing = asyncio.create_task(begun(asides))
    await until(lambda: bool(asides.waiting))
    bench.lane.probe_now()
    number = await probing
    other = asyncio.create_task(begun(asides))
    await until(lambda: bool(asides.waiting))
    asides.end(number, ACCEPTED, bench.clock.monotonic())
    asides.end(await other, None, bench.clock.monotonic())
    assert bench.lane.state()[0] is DestinationState.OPEN
    assert bench.lane.has_accepted


async def test_who_gives_up_waiting_keeps_nobody_waiting() -> None:
    """Neither before its turn comes nor in the same moment."""
    bench = Bench(ScriptedChannel())
    asides = bench.lane.asides
    number = await begun(asides)
    impatient = asyncio.create_task(begun(asides))
    await until(lambda: bool(asides.waiting))
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert not asides.waiting
    late = asyncio.create_task(begun(asides))
    await until(lambda: bool(asides.waiting))
    asides.end(number, ACCEPTED, bench.clock.monotonic())
    asides.go(paused=False)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    assert bench.lane.active == 0


async def test_a_lane_that_closes_lets_nothing_through() -> None:
    """Whoever waits is told so."""
    bench = Bench(ScriptedChannel())
    number = await begun(bench.lane.asides)
    waiting = asyncio.create_task(bench.lane.asides.begin())
    await until(lambda: bool(bench.lane.asides.waiting))
    bench.lane.close()
    assert await waiting is None
    bench.lane.asides.end(number, ACCEPTED, bench.clock.monotonic())
    assert bench.lane.active == 0
