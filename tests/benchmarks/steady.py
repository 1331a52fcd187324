"""A steady stream of notifications, and the time from publishing each to its acceptance."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tests.benchmarks.accepted import Accepted, count
from tests.benchmarks.bench import Bench, WrongError
from tests.benchmarks.competitors import Competitor, Service
from tests.benchmarks.kafka import publish_steadily
from tests.benchmarks.messages import record
from tests.benchmarks.running import running

FIRST_SECONDS = 60.0
LAST_SECONDS = 20.0
QUICK_LAST_SECONDS = 6.0
LOOK_INTERVAL = 0.1


@dataclass(frozen=True)
class Stream:
    """What is published.

    Attributes:
        rate: Notifications a second, to one destination after the other.
        warm: Seconds that do not count.
        measured: Seconds that do.
        urls: The destinations, by number.
        watched: The numbers of those that must accept everything and whose latencies count.
    """

    rate: float
    warm: float
    measured: float
    urls: Sequence[str]
    watched: range

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.warm + self.measured

    @property
    def sent(self) -> int:
        """How many notifications it has."""
        return round(self.rate * self.seconds)

    def value(self, number: int) -> bytes:
        """The record of a number, sent now."""
        return record(number, self.urls[number % len(self.urls)], time.time_ns() // 1000)

    @property
    def numbers(self) -> list[int]:
        """All its numbers in the order of sending: first one that is watched."""
        opening = self.watched[0]
        return [opening, *(number for number in range(self.sent) if number != opening)]

    @property
    def due(self) -> list[int]:
        """The numbers that must be accepted."""
        return [number for number in range(self.sent) if number % len(self.urls) in self.watched]


async def latencies(
    bench: Bench, competitor: Competitor, stream: Stream, in_flight: int
) -> list[float]:
    """Seconds from publishing to acceptance, for everything watched that was sent when warm.

    The stream begins when its first notification was accepted: then the competitor is at work.

    Raises:
        WrongError: Something watched was not accepted.
    """
    topic = await bench.new_topic("steady", sent=stream.sent, value=stream.value)
    await bench.sink.reset(stream.sent)
    async with running(bench, competitor, topic, in_flight) as run:
        if isinstance(competitor, Service):
            await run.ready()
        where = await run.bootstrap()
        publish = partial(publish_steadily, where, topic.name, stream.rate, topic.value)
        first, *rest = stream.numbers
        await publish([first])
        await bench.sink.until(lambda now: now.distinct > 0, FIRST_SECONDS)
        begin = time.time_ns() // 1000
        await publish(rest)
        accepted = await _accepted(bench, stream)
        run.check()
    return accepted.latencies(stream.watched, since=begin + round(stream.warm * 1e6))


async def _accepted(bench: Bench, stream: Stream) -> Accepted:
    """Everything that was accepted, once everything watched is."""
    seconds = QUICK_LAST_SECONDS if bench.quick else LAST_SECONDS
    deadline = time.monotonic() + seconds
    while True:
        accepted = await bench.sink.accepted()
        fault = count(accepted, sent=stream.sent, due=stream.due).fault
        if fault is None:
            return accepted
        if time.monotonic() > deadline:
            raise WrongError(f"{seconds:.0f} s after the last was published, {fault}")
        await asyncio.sleep(LOOK_INTERVAL)
