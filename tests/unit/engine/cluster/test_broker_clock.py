"""The brokers' time is asked for, and said where somebody's clock is another."""

import pytest

from app.engine.clock import EngineClock
from app.engine.cluster.broker_clock import FRESH, KIND, LASTING, QUESTION, ClockWatch
from app.engine.conditions import Conditions
from app.values.errors import KafkaUnavailableError
from app.values.record import Headers, Record, TopicPartition
from tests.support.engine import SkewedClock


class Broker:
    """Says what time it is to whoever writes, unless it is away or keeps the writers' own times."""

    def __init__(self, hears: EngineClock) -> None:
        self.ahead = 0.0
        self.away = self.silent = False
        self.asked: list[tuple[str, bytes | None, bytes | None]] = []
        self._clock = hears

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> None:
        """Take a record."""
        assert headers == ()
        self.asked.append((topic, key, value))
        if self.away:
            raise KafkaUnavailableError("away")
        if not self.silent:
            self._clock.broker_said(self._clock.now() + self.ahead)


class Bench:
    """A watch, a broker and their clocks."""

    def __init__(self) -> None:
        self.clock = SkewedClock()
        self.broker = Broker(self.clock)
        self.conditions = Conditions(self.clock.now)
        self.watch = ClockWatch(
            self.broker,  # type: ignore[arg-type]  # a stand-in with the one method that is used
            "control",
            self.clock,
            self.conditions,
        )

    def said(self, subject: str = "") -> str | None:
        """Return what is said about clocks."""
        return next(
            (each.text for each in self.conditions if (each.kind, each.subject) == (KIND, subject)),
            None,
        )


@pytest.fixture
def bench() -> Bench:
    """A watch whose broker has this machine's time."""
    return Bench()


async def test_asks_when_it_does_not_know_and_not_again_at_once(bench: Bench) -> None:
    """One record without a value, once a minute at most."""
    await bench.watch.ask()
    await bench.watch.ask()
    assert bench.broker.asked == [("control", QUESTION, None)]
    bench.clock.let_pass(FRESH + 1)
    await bench.watch.ask()
    assert len(bench.broker.asked) == 2


async def test_does_not_ask_while_others_bring_the_time(bench: Bench) -> None:
    """Whatever is written to an own topic is answered with the time."""
    await bench.watch.ask()
    for _ in range(5):
        bench.clock.let_pass(FRESH / 2)
        bench.clock.broker_said(bench.clock.now())
        await bench.watch.ask()
    assert len(bench.broker.asked) == 1


async def test_a_broker_that_is_away_or_says_nothing_is_asked_later(bench: Bench) -> None:
    """Until then this machine's clock has to do."""
    bench.broker.away = True
    await bench.watch.ask()
    bench.broker.away, bench.broker.silent = False, True
    bench.clock.let_pass(FRESH + 1)
    await bench.watch.ask()
    bench.watch.compare()
    assert bench.said() is None
    assert len(bench.broker.asked) == 2


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (-600.0, "is 600 s ahead of the brokers'"),
        (60.0, "is 60 s behind the brokers'"),
        (29.0, None),
        (-29.0, None),
    ],
)
async def test_a_difference_is_said_in_both_directions(
    bench: Bench, ahead: float, words: str | None
) -> None:
    """From half a minute on."""
    bench.broker.ahead = ahead
    await bench.watch.ask()
    bench.watch.compare()
    said = bench.said()
    assert words is None if said is None else words is not None and words in said


async def test_a_clock_that_is_set_while_it_runs_is_noticed_and_forgotten(bench: Bench) -> None:
    """No broker need be asked: the time that passed is known without any clock."""
    await bench.watch.ask()
    bench.clock.skew += 3600
    bench.watch.compare()
    assert "3600 s ahead" in (bench.said() or "")
    bench.clock.skew -= 3600
    bench.watch.compare()
    assert bench.said() is None


def future(bench: Bench, seconds: float) -> Record:
    """Return a record whose time is so many seconds from now."""
    stamp = bench.clock.broker_now() + seconds
    return Record(TopicPartition("notifications", 0), 0, stamp, None, b"{}")


@pytest.mark.parametrize(("known", "whose"), [(True, "the brokers'"), (False, "this machine's")])
async def test_records_from_the_future_are_said_for_a_while(
    bench: Bench, known: bool, whose: str
) -> None:
    """Some producer's clock is wrong; if nobody has said the time, it may be this one."""
    if known:
        await bench.watch.ask()
    bench.watch.check(future(bench, 20.0))
    assert bench.said("notifications") is None
    bench.watch.check(future(bench, 62.0))
    assert f"62 s ahead of {whose} clock" in (bench.said("notifications") or "")
    bench.watch.compare()
    assert bench.said("notifications") is not None
    bench.clock.let_pass(LASTING + 1)
    bench.watch.compare()
    assert bench.said("notifications") is None
