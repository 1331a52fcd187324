"""Where the service's processor time goes."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.bench import DESTINATIONS, Bench, WrongError
from tests.benchmarks.competitors import Command, Job, Service
from tests.benchmarks.measuring import measure
from tests.benchmarks.report import number
from tests.benchmarks.turns import NO_TIME
from tests.benchmarks.workloads.throughput import FULL, OVERHEAD_SECONDS, QUICK, RECORDS

IN_FLIGHT = 256


@dataclass(frozen=True)
class Sampled(Service):
    """The service under a sampling profiler.

    Attributes:
        counts: The file that the profiler writes.
    """

    counts: Path = Path("counts.json")

    def command(self, job: Job, home: Path) -> Command:
        """As the service's, by way of the profiler."""
        command = super().command(job, home)
        python, _, uvicorn, *arguments = command.arguments
        assert uvicorn == "uvicorn"
        sampled = (python, "-m", "tests.benchmarks.sampled", self.counts, *arguments)
        return replace(command, arguments=sampled)


async def parts(bench: Bench) -> None:
    """The parts of the service, at full load."""
    window = QUICK if bench.quick else FULL
    bench.report.heading(
        f"Where the time goes, {IN_FLIGHT} in flight",
        f"Sink answers at once, {DESTINATIONS} destinations; a sample every 2 ms of processor "
        "time; the profiler itself takes some.",
    )
    if not bench.time_for(window.seconds + OVERHEAD_SECONDS):
        bench.report.say(f"({NO_TIME})")
        return
    topic = await bench.filled_topic("instant", sent=bench.size(*RECORDS))
    service = Sampled(counts=bench.folder / "counts.json")
    found = await measure(bench, service, topic, IN_FLIGHT, window)
    counts: Mapping[str, int] = json.loads(service.counts.read_text(encoding="utf-8"))
    if found.cost is None or not counts:
        raise WrongError("nothing was sampled")
    total, microseconds = sum(counts.values()), found.cost * 100
    rows = [
        [part, f"{seen / total:.0%}", number(microseconds * seen / total, 1)]
        for part, seen in Counter(counts).most_common()
    ]
    rows.append(["all", "100%", number(microseconds, 1)])
    bench.report.table(("", "share", "processor µs per delivery"), rows)
