"""Who is told instead: by way of a retry topic, and only if the destination does not have it."""

import asyncio

import pytest
from msgspec.structs import replace

from app.engine.inflight.item import Item, Job, State
from app.engine.inflight.leaving import deferral_of
from app.engine.inflight.window import Window
from app.engine.lanes.dispatch import Dispatcher
from app.engine.turn import Turn
from app.policies.headers.deferral import AT_ONCE
from app.policies.headers.records import mark_of
from app.policies.limits.breaker import THRESHOLD
from app.policies.limits.retry import RetryPolicy
from app.values.delivery import Destination, Target
from app.values.outcome import Denied, Gone, Outcome, RateLimited, Rejected, Retry
from tests.support.engine import (
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
LEADS = Destination("discord", "https://discord.com/api/webhooks/1/t", "1")
MAIL = Target("email", "a@example.com", "a@example.com")


class Bench:
    """A dispatcher whose channel answers as written."""

    def __init__(self, *answers: Outcome, max_age: float = DAY, attempts: int = 3) -> None:
        self.channel = ScriptedChannel([[each] for each in answers])
        held = assignment()
        self.assigned = held[PARTITION]
        self.clock = SkewedClock()
        self.observer = observer(self.clock)
        self.ended: list[Item] = []
        turn = Turn(self.observer)
        turn.settle = self.ended.append
        self.dispatcher = Dispatcher(
            {"discord": self.channel},
            {"discord": 1},
            RetryPolicy(attempts, 0.01, 0.01, max_age),
            self.clock,
            self.observer,
            held,
            window=Window(1000),
            turn=turn,
        )
        self._offset = 0

    def put(
        self,
        *fallback: tuple[Target, ...],
        after: float | None = None,
        once: bool = False,
        expires_at: float | None = None,
    ) -> Job:
        """Submit one notification; its target has this fallback."""
        told = replace(notification(f"{self._offset}", expires_at=expires_at), once=once)
        made = item(told, self.assigned, offset=self._offset)
        self._offset += 1
        plain = delivery(told, destination=LEADS)
        target = replace(plain.targets[0], fallback=fallback, fallback_after=after)
        self.dispatcher.submit(made, [replace(plain, targets=(target,))])
        return made.jobs[0]

    async def end_of(self, job: Job) -> Job:
        """Wait until nothing more is done about a job here."""
        await until(lambda: job.item in self.ended)
        return job


@pytest.mark.parametrize(
    "outcome",
    [
        Rejected("no"),
        Gone("gone"),
        Denied("wrong signature", certain=True),
    ],
)
async def test_what_a_destination_does_not_take_goes_elsewhere(outcome: Outcome) -> None:
    """At once, with no failure; the record in the retry topic names who is told instead."""
    bench = Bench(outcome)
    job = await bench.end_of(bench.put((MAIL,)))
    assert (job.state, job.put_aside_for) == (State.DEFERRED, AT_ONCE)
    later = deferral_of(job.item)
    assert (later.deferral.left, later.deferral.failed) == ((mark_of(MAIL),), ())
    assert later.seconds == AT_ONCE
    assert bench.observer.statistics.fallback == 1
    bench.dispatcher.close()


async def test_those_behind_it_go_elsewhere_as_well() -> None:
    """A destination that is denied is not asked about each; those without a fallback wait."""
    bench = Bench(*[Denied("wrong signature", certain=True)] * 9)
    first, second, third = bench.put((MAIL,)), bench.put((MAIL,)), bench.put()
    await bench.end_of(first)
    await bench.end_of(second)
    await bench.end_of(third)
    assert bench.channel.sent[-1].notification.content in {"0", "2"}
    assert [job.put_aside_for == AT_ONCE for job in (first, second, third)] == [True, True, False]
    bench.dispatcher.close()


async def test_a_destination_that_is_broken_for_long_enough() -> None:
    """Before that, what is for it waits like everything else."""
    bench = Bench(*[Retry("503")] * 100, attempts=1)
    for _ in range(THRESHOLD):
        early = await bench.end_of(bench.put((MAIL,), after=60.0))
        assert early.put_aside_for > AT_ONCE
    bench.clock.let_pass(61.0)
    late = await bench.end_of(bench.put((MAIL,), after=60.0))
    assert late.put_aside_for == AT_ONCE
    patient = await bench.end_of(bench.put((MAIL,)))
    assert patient.put_aside_for > AT_ONCE
    bench.dispatcher.close()


async def test_what_would_be_given_up_goes_elsewhere_first() -> None:
    """If nothing is deferred, after its attempts in memory."""
    bench = Bench(*[Retry("503")] * 9, max_age=0.0)
    job = await bench.end_of(bench.put((MAIL,)))
    assert (job.state, len(bench.channel.sent)) == (State.DEFERRED, 3)
    assert job.item.failures == ()
    bench.dispatcher.close()


async def test_patience_is_no_reason() -> None:
    """A limit passes."""
    bench = Bench(RateLimited("429", 0.01))
    job = await bench.end_of(bench.put((MAIL,)))
    assert job.state is State.DONE
    assert bench.observer.statistics.fallback == 0
    bench.dispatcher.close()


async def test_what_is_sent_once_or_never_has_no_second_way() -> None:
    """Nor has anything whose time has passed."""
    bench = Bench(Rejected("no"), Rejected("no"))
    once = await bench.end_of(bench.put((MAIL,), once=True))
    assert (once.state, len(once.item.failures)) == (State.DONE, 1)
    gate = asyncio.Event()
    bench.channel.gate = gate
    late = bench.put((MAIL,), expires_at=bench.clock.broker_now() + 30.0)
    await bench.channel.arrived(2)
    bench.clock.let_pass(31.0)
    gate.set()
    await bench.end_of(late)
    assert (late.state, len(late.item.failures)) == (State.DONE, 1)
    assert bench.observer.statistics.fallback == 0
    bench.dispatcher.close()


async def test_a_form_that_is_refused_is_plain_text_first() -> None:
    """Only what is refused as plain text as well goes elsewhere."""
    bench = Bench(Rejected("form", form=True), Rejected("no"))
    job = await bench.end_of(bench.put((MAIL,)))
    assert [each.plain for each in bench.channel.sent] == [False, True]
    assert job.put_aside_for == AT_ONCE
    bench.dispatcher.close()
