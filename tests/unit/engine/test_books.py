"""The books balance at every snapshot, whatever destinations answer."""

import asyncio
import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.inflight.item import Item
from app.engine.inflight.window import Window
from app.engine.lanes.dispatch import Dispatcher
from app.engine.settlement import Exits, Settler
from app.engine.tasks import Tasks
from app.engine.turn import Turn
from app.policies.books.statistics import Verdict
from app.policies.headers.deferral import DELAYS
from app.policies.limits.retry import RetryPolicy
from app.values.delivery import Delivery, Destination
from app.values.outcome import (
    Answer,
    Delivered,
    Expired,
    Gone,
    Outcome,
    RateLimited,
    Rejected,
    Retry,
    Scope,
)
from tests.support.engine import (
    PARTITION,
    ScriptedChannel,
    SkewedClock,
    WatchedFlow,
    assignment,
    delivery,
    item,
    notification,
    observer,
)
from tests.unit.engine.test_settlement import ScriptedProducer

OUTCOMES: tuple[Outcome, ...] = (
    Delivered(),
    Delivered(),
    Retry("busy"),
    Retry("asked", after=0.001),
    RateLimited("slow down", after=0.0),
    RateLimited("everybody", after=0.001, scope=Scope.HOST),
    Rejected("no"),
    Gone("gone"),
    Expired(),
)


class MoodyChannel(ScriptedChannel):
    """Answers by chance, for every target on its own."""

    def __init__(self, name: str, chance: random.Random) -> None:
        super().__init__()
        self.name = name
        self._chance = chance

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Answer anything, after any number of turns of the loop."""
        for _ in range(self._chance.randrange(3)):
            await asyncio.sleep(0)
        return Answer(
            tuple(
                tuple(self._chance.choice(OUTCOMES) for _ in delivery.targets)
                for delivery in deliveries
            )
        )


async def _run(seed: int, count: int) -> None:
    chance = random.Random(seed)
    clock = SkewedClock()
    books = observer(clock)
    held = assignment()
    assigned = held[PARTITION]
    settled: list[Item] = []
    failures: list[BaseException] = []
    tasks = Tasks(failures.append)
    everything = asyncio.Event()

    def check(done: Item, verdict: Verdict | None) -> None:
        del verdict
        settled.append(done)
        statistics = books.statistics
        assert statistics.consumed == len(settled) == sum(statistics.settled.values())
        assert statistics.consumed + len(assigned.items) == count
        commit = assigned.ledger.lowest_unsettled(count)
        assert commit == min(assigned.items, default=count)
        if len(settled) == count:
            everything.set()

    turn = Turn(books)
    settler = Settler(
        ScriptedProducer(),  # type: ignore[arg-type]  # a stand-in with the one method in use
        Exits("dead", {delay: f"retry.{delay:g}" for delay in DELAYS}, "group"),
        clock,
        books,
        held,
        spawn=tasks.spawn,
        turn=turn,
    )
    flow = WatchedFlow(held, settler, books, clock, check)
    turn.settle = flow.ended
    channels = {name: MoodyChannel(name, chance) for name in ("webhook", "email")}
    dispatcher = Dispatcher(
        channels,
        {"webhook": 3, "email": 2},
        RetryPolicy(max_attempts=3, base_delay=0.0, max_delay=0.0),
        clock,
        books,
        held,
        window=Window(1000),
        turn=turn,
        chance=chance.random,
    )
    items = [
        item(
            notification(str(number), ordering_key=chance.choice((None, "a", "b"))),
            assigned,
            offset=number,
        )
        for number in range(count)
    ]
    flow.given()
    for one in items:
        told = one.notification
        assert told is not None
        dispatcher.submit(
            one,
            [
                delivery(
                    told,
                    [f"t{n}" for n in range(chance.randint(1, 3))],
                    Destination(
                        channel, f"https://{channel}.example/{chance.randrange(2)}", channel
                    ),
                )
                for channel in chance.sample(("webhook", "email"), chance.randint(1, 2))
            ],
        )
    async with asyncio.timeout(20):
        while not everything.is_set():
            assert flow.check(dispatcher) == []
            await asyncio.sleep(0)
    assert flow.check(dispatcher) == []
    assert failures == []
    assert dispatcher.queued == 0
    await tasks.cancel()
    dispatcher.close()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25))
def test_consumed_is_sent_failed_partial_and_expired(seed: int, count: int) -> None:
    """After every settlement the parts add up, and no commit could pass what is unsettled."""
    asyncio.run(_run(seed, count))
