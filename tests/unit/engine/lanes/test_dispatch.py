"""The dispatcher: lanes by destination, room made where it is held for long, limits shared."""

import asyncio
from collections.abc import Iterable, Sequence

import pytest

from app.edges.channels.base import Channel
from app.engine.inflight.item import Item, State
from app.engine.inflight.partition import Assigned, Start
from app.engine.inflight.window import Window
from app.engine.lanes.dispatch import Dispatcher
from app.engine.lanes.lane import Lane
from app.engine.tasks import Tasks
from app.engine.turn import Turn
from app.policies.headers.deferral import Deferral
from app.policies.limits.breaker import Verdict
from app.policies.limits.retry import RetryPolicy
from app.values.channel import PublishedLimit, RefusalLimit
from app.values.delivery import Destination
from app.values.outcome import Denied, Gone, Outcome, RateLimited, Scope
from app.values.snapshot import DestinationState
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


def discord(name: str, host: str = "discord.com") -> Destination:
    """Return a destination on a host."""
    return Destination("discord", f"https://{host}/api/webhooks/{name}/t", name)


class Bench:
    """A dispatcher with what surrounds it."""

    def __init__(self, channel: Channel, *, max_age: float = DAY, window: int = 1000) -> None:
        self.assignment = assignment()
        self.assigned = self.assignment[PARTITION]
        self.clock = SkewedClock()
        self.observer = observer(self.clock)
        self.finished: list[Item] = []
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.failures.append)
        channel.refusal_limit = RefusalLimit(1000, 600.0)
        self.turn = Turn(self.observer)
        self.turn.settle = self.finished.append
        self.dispatcher = Dispatcher(
            {"discord": channel, "webhook": ScriptedChannel()},
            {"discord": 4, "webhook": 4},
            RetryPolicy(3, 0.01, 0.01, max_age),
            self.clock,
            self.observer,
            self.assignment,
            window=Window(window),
            turn=self.turn,
        )
        self._offset = 0

    def put(
        self,
        destination: Destination,
        text: str = "text",
        before: Deferral | None = None,
        received_at: float | None = None,
    ) -> Item:
        """Submit one notification."""
        told = notification(text)
        made = item(
            told, self.assigned, offset=self._offset, before=before, received_at=received_at
        )
        self._offset += 1
        self.dispatcher.submit(made, [delivery(told, destination=destination)])
        return made

    def states(self) -> dict[str, DestinationState]:
        """Return every lane's state, by label."""
        return {lane.destination.label: lane.state()[0] for lane in self.dispatcher}


class HangingChannel(ScriptedChannel):
    """Hangs for some destinations, and accepts the others at once."""

    def __init__(self, hanging: Iterable[Destination]) -> None:
        super().__init__()
        self._hanging = set(hanging)

    async def send(self, deliveries):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Hang, or not."""
        if deliveries[0].destination in self._hanging:
            await asyncio.Event().wait()
        return await super().send(deliveries)


async def test_a_hung_destination_gives_up_its_room() -> None:
    """The others lose nothing; of the hung one, what came last goes first."""
    hung, healthy = discord("hung"), discord("healthy")
    bench = Bench(HangingChannel([hung]))
    waiting = [bench.put(hung, str(number)) for number in range(300)]
    await until(lambda: any(lane.expected_wait() > 10 for lane in bench.dispatcher))
    bench.dispatcher.relieve(100)
    assert len(bench.finished) == 100
    assert {each.jobs[0].state for each in bench.finished} == {State.DEFERRED}
    assert set(bench.finished) == set(waiting[200:])
    bench.put(healthy)
    await until(lambda: len(bench.finished) == 101)
    await bench.tasks.cancel()


async def test_making_room_costs_no_more_with_many_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand destinations that hang, two for each: the loop is not held up over it."""
    hung = [discord(str(number)) for number in range(1000)]
    bench = Bench(HangingChannel(hung), window=8000)
    for destination in hung * 2:
        bench.put(destination)
    await until(lambda: all(lane.active for lane in bench.dispatcher))
    bench.clock.ahead = 60.0
    looks = 0
    queued = Lane.queued.__get__

    def counted(lane: Lane) -> int:
        nonlocal looks
        looks += 1
        return int(queued(lane))

    monkeypatch.setattr(Lane, "queued", property(counted))
    bench.dispatcher.relieve(500)
    assert len(bench.finished) == 500
    assert looks < 10_000
    bench.dispatcher.close()
    await bench.tasks.cancel()


async def test_the_fullest_lane_gives_up_most() -> None:
    """What one has more than the other goes first."""
    one, other = discord("one"), discord("other")
    bench = Bench(HangingChannel([one, other]))
    for _ in range(300):
        bench.put(one)
    for _ in range(100):
        bench.put(other)
    await until(lambda: all(lane.active for lane in bench.dispatcher))
    bench.clock.ahead = 60.0
    bench.dispatcher.relieve(200)
    assert {lane.destination.label: lane.queued for lane in bench.dispatcher} == {
        "one": 99,
        "other": 99,
    }
    await bench.tasks.cancel()


async def test_a_backlog_that_is_being_worked_off_keeps_its_room() -> None:
    """A full window is no reason to put anything aside."""
    gate = asyncio.Event()
    bench = Bench(ScriptedChannel(gate=gate))
    for number in range(300):
        bench.put(discord("busy"), str(number))
    bench.dispatcher.relieve(100)
    assert bench.finished == []
    gate.set()
    await until(lambda: len(bench.finished) == 300)


async def test_without_deferring_there_is_nothing_to_give_up() -> None:
    """``MAX_AGE=0``: what was taken stays until it is delivered or dead."""
    hung = discord("hung")
    bench = Bench(HangingChannel([hung]), max_age=0.0)
    for number in range(300):
        bench.put(hung, str(number), received_at=0.0)
    await until(lambda: any(lane.expected_wait() > 10 for lane in bench.dispatcher))
    bench.dispatcher.relieve(100)
    bench.dispatcher.put_aside_overdue(bench.assigned.items.values())
    assert bench.finished == []
    await bench.tasks.cancel()


async def test_nothing_is_put_aside_while_others_may_have_it() -> None:
    """After a standstill it looks old, and as if its destination were slow: first it is asked."""
    hung = discord("hung")
    bench = Bench(HangingChannel([hung]))
    for number in range(300):
        bench.put(hung, str(number), received_at=bench.clock.monotonic() - 301)
    await until(lambda: any(lane.expected_wait() > 10 for lane in bench.dispatcher))
    bench.turn.may_send = lambda: False
    bench.dispatcher.relieve(100)
    bench.dispatcher.put_aside_overdue(bench.assigned.items.values())
    assert bench.finished == []
    await bench.tasks.cancel()


async def test_what_was_held_for_too_long_is_put_aside() -> None:
    """Five minutes in memory, and nothing younger."""
    hung = discord("hung")
    bench = Bench(HangingChannel([hung]))
    under_way = bench.put(hung)
    old = bench.put(hung, received_at=bench.clock.monotonic() - 301)
    young = bench.put(hung)
    bench.dispatcher.put_aside_overdue(bench.assigned.items.values())
    assert bench.finished == [old]
    assert young.jobs[0].state is under_way.jobs[0].state is State.WAITING
    await bench.tasks.cancel()


async def test_what_was_put_aside_before_goes_ahead_of_what_is_new() -> None:
    """Otherwise new ones could keep it waiting for ever."""
    gate = asyncio.Event()
    channel = ScriptedChannel(gate=gate)
    bench = Bench(channel)
    bench.put(discord("a"), "under way")
    await channel.arrived(1)
    bench.put(discord("a"), "new")
    bench.put(discord("a"), "older", before=Deferral())
    gate.set()
    await until(lambda: len(bench.finished) == 3)
    assert channel.contents == ["under way", "older", "new"]


async def test_a_limit_on_the_host_holds_all_its_lanes_and_no_other() -> None:
    """Discord's global limit is everybody's who speaks to Discord."""
    outcome: list[Outcome] = [RateLimited("global", after=30.0, scope=Scope.HOST)]
    bench = Bench(ScriptedChannel([[*outcome]]))
    bench.put(discord("a"))
    await until(lambda: bench.states()["a"] is DestinationState.RATE_LIMITED)
    bench.put(discord("other", host="example.com"))
    await until(lambda: len(bench.finished) == 1)
    bench.put(discord("b"))
    bench.dispatcher.host_limited(discord("a"), bench.clock.monotonic() + 30)
    assert bench.states() == {
        "a": DestinationState.RATE_LIMITED,
        "b": DestinationState.RATE_LIMITED,
        "other": DestinationState.OPEN,
    }
    bench.dispatcher.close()
    await bench.tasks.cancel()


async def test_a_limit_on_the_host_holds_the_lanes_that_are_made_later() -> None:
    """Or each further webhook would ask a service that has banned this machine."""
    bench = Bench(ScriptedChannel())
    now = bench.clock.monotonic()
    bench.dispatcher.host_limited(discord("a"), now + 30)
    bench.dispatcher.host_limited(discord("a"), now + 10)
    bench.dispatcher.drop_idle()
    bench.put(discord("b"))
    bench.put(discord("other", host="example.com"))
    await until(lambda: len(bench.finished) == 1)
    (held,) = [lane for lane in bench.dispatcher if lane.destination.label == "b"]
    state, wait = held.state()
    assert state is DestinationState.RATE_LIMITED
    assert wait is not None
    assert wait > 20
    bench.dispatcher.close()


async def test_refused_requests_slow_the_host_down_before_discord_bans_it() -> None:
    """From half of the budget on."""
    bench = Bench(ScriptedChannel())
    bench.put(discord("a"))
    await until(lambda: len(bench.finished) == 1)
    for _ in range(499):
        bench.dispatcher.request_refused(discord("a"))
    assert bench.states()["a"] is DestinationState.OPEN
    bench.dispatcher.request_refused(discord("a"))
    assert bench.states()["a"] is DestinationState.RATE_LIMITED
    other = Destination("webhook", "https://hooks.example/a", "hook")
    for _ in range(2000):
        bench.dispatcher.request_refused(other)  # its service bans nobody
    assert len(bench.dispatcher._hosts._refused) == 1


async def test_what_nobody_writes_to_any_more_is_forgotten_in_the_end() -> None:
    """Also where it was broken: producers may name any number of addresses on any host."""
    bench = Bench(ScriptedChannel())
    for number in range(100):
        bench.put(discord("a", host=f"host-{number}.example"))
        bench.dispatcher.request_refused(discord("a", host=f"host-{number}.example"))
    await until(lambda: len(bench.finished) == 100)
    for lane in bench.dispatcher:
        lane._gate._breaker.answered(Verdict.GONE, bench.clock.monotonic())
    bench.clock.ahead = 7201.0
    bench.dispatcher.drop_idle()
    assert (list(bench.dispatcher), len(bench.dispatcher._hosts._refused)) == ([], 0)


async def test_idle_lanes_are_forgotten_and_known_trouble_is_not() -> None:
    """Memory stays bounded whatever producers send; a broken destination stays broken."""
    denied: list[Outcome] = [Denied("401", certain=True)]
    bench = Bench(ScriptedChannel([denied]), max_age=3600.0)
    bench.put(discord("denied"))
    bench.put(discord("fine"))
    await until(lambda: len(bench.finished) == 2)
    bench.clock.ahead = 601
    bench.dispatcher.drop_idle()
    assert list(bench.states()) == ["denied"]
    bench.dispatcher.probe_now()
    bench.put(discord("denied"))
    await until(lambda: len(bench.finished) == 3)
    assert bench.states() == {"denied": DestinationState.OPEN}


async def test_who_lets_nothing_in_is_named_with_what_they_said() -> None:
    """So that somebody puts it right; no longer once something was let in."""
    outcomes: list[Outcome] = [Denied("535 wrong password", certain=True)]
    bench = Bench(ScriptedChannel([outcomes]))
    bench.put(discord("a"))
    await until(lambda: bool(bench.dispatcher.denied()))
    (label, text), *_ = bench.dispatcher.denied().items()
    assert label == "a"
    assert text.startswith("a lets nothing of this service's in: 535 wrong password; ")
    bench.dispatcher.probe_now()
    bench.put(discord("a"))
    await until(lambda: not bench.dispatcher.denied())
    await bench.tasks.cancel()


class AskedAgain(ScriptedChannel):
    """Counts how often it is told that it is worth asking."""

    times = 0

    def ask_again(self) -> None:
        """Count."""
        self.times += 1


async def test_who_resumes_has_the_channel_ask_at_once_too() -> None:
    """A channel may keep from asking by itself, such as after a refused login."""
    channel = AskedAgain()
    bench = Bench(channel)
    bench.put(discord("a"))
    await until(lambda: bool(bench.finished))
    bench.dispatcher.probe_now()
    assert channel.times == 1
    await bench.tasks.cancel()


async def test_what_comes_in_again_is_behind_what_stands_before_it() -> None:
    """A stop drops the one ahead with its key, and so what a rebalance had brought back behind it."""
    hung, other = discord("hung"), discord("other", "other.example")
    bench = Bench(HangingChannel([hung]))
    told = notification("later", ordering_key="k")
    later = item(told, bench.assigned, offset=1)
    bench.dispatcher.host_limited(other, bench.clock.monotonic() + 60)
    bench.dispatcher.submit(
        later, [delivery(told, destination=hung), delivery(told, ["b"], destination=other)]
    )
    await until(lambda: later.jobs[0].state is State.ACTIVE)
    bench.dispatcher.discard(lambda _: True)
    ahead = notification("earlier", ordering_key="k")
    earlier = item(ahead, Assigned(PARTITION, Start(0), epoch=bench.assigned.epoch), offset=0)
    bench.dispatcher.submit(earlier, [delivery(ahead, ["b"], destination=other)])
    bench.dispatcher.resubmit(later)
    assert later.jobs[1].state is State.WAITING
    bench.dispatcher.drain()
    assert [each.jobs[-1].state for each in (earlier, later)] == [State.DISCARDED] * 2
    bench.dispatcher.close()
    await bench.tasks.cancel()


async def test_one_party_does_not_take_the_window_with_any_number_of_addresses() -> None:
    """A thousand of its hooks hang, each for itself; whoever else is written to is asked at once.

    What is held back for it makes room like everything that would wait for long.
    """
    hung = [discord(str(number), host=f"h{number}.hung.example") for number in range(1000)]
    healthy = [discord(str(number), host=f"healthy-{number}.example") for number in range(20)]
    bench = Bench(HangingChannel(hung))
    for destination in hung:
        bench.put(destination)
    await until(lambda: sum(lane.active for lane in bench.dispatcher) == 250)
    for destination in healthy:
        bench.put(destination)
    await until(lambda: len(bench.finished) == 20)
    bench.clock.let_pass(3)
    bench.dispatcher.relieve(250)
    assert [each.jobs[0].state for each in bench.finished[20:]] == [State.DEFERRED] * 250
    await bench.tasks.cancel()
    bench.dispatcher.close()


async def test_a_party_that_answers_keeps_its_backlog_however_small_its_share() -> None:
    """All of a backlog may be for one party: more than its share is held back, and sent soon."""
    gate = asyncio.Event()
    bench = Bench(ScriptedChannel(gate=gate), window=32)
    for number in range(32):
        bench.put(discord(str(number)))
    await until(lambda: sum(lane.active for lane in bench.dispatcher) == 16)
    bench.dispatcher.relieve(8)
    assert bench.finished == []
    gate.set()
    await until(lambda: len(bench.finished) == 32)
    assert {each.jobs[0].state for each in bench.finished} == {State.DONE}


async def test_those_who_have_answered_go_on_while_strangers_hang() -> None:
    """Each of the strangers is a party of its own."""
    hung = [discord("a", host=f"hung-{number}.example") for number in range(1000)]
    known = discord("a", host="known.example")
    bench = Bench(HangingChannel(hung))
    bench.put(known)
    await until(lambda: len(bench.finished) == 1)
    for destination in hung:
        bench.put(destination)
    await until(lambda: sum(lane.active for lane in bench.dispatcher) == 500)
    for number in range(20):
        bench.put(known, str(number))
    await until(lambda: len(bench.finished) == 21)
    await bench.tasks.cancel()
    bench.dispatcher.close()


async def test_lanes_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Producers may name a new destination in every record, and each may be broken for an hour."""
    monkeypatch.setattr("app.engine.lanes.dispatch.MOST_LANES", 100)
    monkeypatch.setattr("app.engine.lanes.hosts.MOST", 10)
    bench = Bench(ScriptedChannel([[Gone("gone")]] * 1000))

    async def write_to(destination: Destination) -> None:
        written = bench.put(destination)
        bench.dispatcher.request_refused(destination)
        bench.dispatcher.host_limited(destination, 1.0)
        await until(lambda: written in bench.finished)

    for number in range(300):
        await write_to(discord("a", host=f"host-{number}.example"))
    assert len(list(bench.dispatcher)) <= 100
    assert list(bench.states()) == list(bench.states())[-100:]
    assert len(bench.dispatcher._hosts._refused) == len(bench.dispatcher._hosts._held_until) == 10
    busy = discord("busy")
    gate = asyncio.Event()
    bench.dispatcher._channels["discord"].gate = gate  # type: ignore[attr-defined]
    held = bench.put(busy)
    for number in range(300):
        bench.put(discord("b", host=f"host-{number}.example"))
    assert held.jobs[0].state is State.WAITING
    assert len(list(bench.dispatcher)) > 300
    gate.set()
    await until(lambda: len(bench.finished) == 601)


class PublishingChannel(ScriptedChannel):
    """Its service publishes its limit: four requests in ten seconds."""

    def limits(self, address: str) -> Sequence[PublishedLimit]:
        """See ``Channel.limits``."""
        del address
        return (PublishedLimit(4, 10.0),)


async def test_published_limits_outlive_lanes_and_are_divided() -> None:
    """A lane that is made anew finds no new budget; another share begins with an empty one."""
    bench = Bench(PublishingChannel())
    bench.clock.let_pass(60.0)
    bench.put(discord("one"))
    await until(lambda: len(bench.finished) == 1)
    bench.dispatcher.close()
    bench.put(discord("one"))
    assert bench.states() == {"one": DestinationState.RATE_LIMITED}
    bench.clock.let_pass(60.0)
    bench.dispatcher.take_share(0.5)
    bench.put(discord("two"))
    (wait,) = (each.state()[1] for each in bench.dispatcher if each.destination.label == "two")
    assert wait == pytest.approx(12.5, rel=0.01)
    bench.dispatcher.close()
