"""How fast a competitor delivers, what that costs, and whether everything arrived."""

from dataclasses import dataclass

from tests.benchmarks.accepted import Count, count, settled
from tests.benchmarks.behaviours import Progress
from tests.benchmarks.bench import Bench, Topic, WrongError
from tests.benchmarks.competitors import Competitor
from tests.benchmarks.processes import core_seconds
from tests.benchmarks.running import Run, running

FIRST_SECONDS = 60.0
EMBEDDED_SECONDS = 120.0
# Where a topic is too short for the whole window, the window ends before the last ones: a
# competitor that runs out of work is not measured.
LATEST_BEGIN, LATEST_END = 0.5, 0.97
LONGER_WARM = 5  # what is compiled just in time warms up so many times as long


@dataclass(frozen=True)
class Window:
    """What is measured: seconds after the first acceptance to warm up, then seconds to measure."""

    warm: float
    measured: float

    def of(self, competitor: Competitor) -> "Window":
        """The same, or longer to warm up for what is compiled just in time."""
        longer = LONGER_WARM if competitor.just_in_time else 1
        return Window(longer * self.warm, self.measured)

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.warm + self.measured


@dataclass(frozen=True)
class Measured:
    """One measurement.

    Attributes:
        rate: Deliveries a second.
        cost: Processor seconds of the competitor per 10,000 deliveries; None where there is no
            /proc.
        worker: The share of its core that the competitor used, and that was in use by anything: a
            difference is other load.
        sink: The same for the sink.
        count: What became of the notifications.
    """

    rate: float
    cost: float | None
    worker: tuple[float, float]
    sink: tuple[float, float]
    count: Count


@dataclass(frozen=True)
class _Sample:
    progress: Progress
    worker_seconds: float
    worker_core: float
    sink_core: float


async def measure(
    bench: Bench, competitor: Competitor, topic: Topic, in_flight: int, window: Window
) -> Measured:
    """Measure one competitor on a topic that was filled before.

    On real Kafka it is stopped when the window ends, and everything below what it has committed
    must have been accepted. On the embedded broker, which may end with the competitor, it has to
    deliver everything.

    Raises:
        WrongError: It ended by itself, delivered nothing, or something is missing.
    """
    await bench.sink.reset(topic.sent)
    async with running(bench, competitor, topic, in_flight) as run:
        await run.fill(topic)
        begin, end = await _window(bench, run, topic, window.of(competitor))
        if not bench.kafka.real:
            await bench.sink.until(lambda now: now.distinct >= topic.sent, EMBEDDED_SECONDS)
    return _compared(begin, end, await counted(bench, run, topic))


async def _window(bench: Bench, run: Run, topic: Topic, window: Window) -> tuple[_Sample, _Sample]:
    first = await bench.sink.until(lambda now: now.distinct > 0, FIRST_SECONDS)
    run.check()
    if not first.distinct:
        raise WrongError(f"nothing arrived in {FIRST_SECONDS:.0f} s")

    def begun(now: Progress) -> bool:
        return now.distinct >= LATEST_BEGIN * topic.sent

    def ended(now: Progress) -> bool:
        return now.distinct >= LATEST_END * topic.sent

    await bench.sink.until(begun, window.warm)
    begin = await _sample(bench, run)
    await bench.sink.until(ended, window.measured)
    end = await _sample(bench, run)
    run.check()
    return begin, end


async def _sample(bench: Bench, run: Run) -> _Sample:
    progress = await bench.sink.progress()
    return _Sample(
        progress,
        run.process.cpu_seconds(),
        core_seconds(bench.cores.worker),
        core_seconds(bench.cores.sink),
    )


async def counted(bench: Bench, run: Run, topic: Topic) -> Count:
    """Compare what the sink accepted with what a run that has ended says is done.

    Raises:
        WrongError: It committed nothing, or something that it committed was not accepted.
    """
    due: list[int] | range = range(topic.sent)
    if bench.kafka.real:
        committed = await bench.kafka.committed(run.job.group, topic.name, topic.partitions)
        due = settled(committed, sent=topic.sent, partitions=topic.partitions)
        if not due:
            raise WrongError("it committed nothing")
    found = count(await bench.sink.accepted(), sent=topic.sent, due=due)
    if found.fault:
        raise WrongError(found.fault)
    return found


def _compared(begin: _Sample, end: _Sample, found: Count) -> Measured:
    delivered = end.progress.distinct - begin.progress.distinct
    seconds = end.progress.at - begin.progress.at
    if not delivered:
        raise WrongError(f"nothing arrived in the {seconds:.1f} s that were measured")
    used = end.worker_seconds - begin.worker_seconds
    return Measured(
        rate=delivered / seconds,
        cost=used / delivered * 10_000 if used else None,
        worker=(used / seconds, (end.worker_core - begin.worker_core) / seconds),
        sink=(
            (end.progress.cpu_seconds - begin.progress.cpu_seconds) / seconds,
            (end.sink_core - begin.sink_core) / seconds,
        ),
        count=found,
    )
