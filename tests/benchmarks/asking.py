"""Requests to the service's control plane, timed: its own processor time beside the wall's."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from tests.benchmarks.arithmetic import percentile
from tests.benchmarks.bench import WrongError
from tests.benchmarks.report import NOTHING, number
from tests.benchmarks.running import Run

JSON: Mapping[str, str] = {"accept": "application/json"}
HTML: Mapping[str, str] = {"accept": "text/html"}


@dataclass(frozen=True)
class Call:
    """What is asked."""

    title: str
    path: str
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


@dataclass
class Answers:
    """The answers to one call.

    Attributes:
        size: Bytes of the last one.
        seconds: How long each took.
        processor: Processor seconds of the service for each, beyond those that it takes anyway.
    """

    size: int = 0
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def cells(self) -> list[str]:
        """Size, median and slowest, and the median of the processor time."""
        if not self.seconds:
            return [NOTHING] * 4
        slow = percentile(self.seconds, 0.95)
        times = (percentile(self.seconds, 0.5), slow, percentile(self.processor, 0.5))
        return [number(self.size / 1000, 1), *(number(each * 1000, 1) for each in times)]


IDLE_SECONDS = 3.0
QUOTED = 300
"""Characters of an answer that is wrong."""
COLUMNS = ("KB", "ms, median", "ms, 95th percentile", "processor ms")


async def ask(
    run: Run, client: httpx.AsyncClient, call: Call, times: int, anyway: float
) -> Answers:
    """Ask so many times, one after the other; the first answer does not count.

    Args:
        run: The service.
        client: Asks it.
        call: For what.
        times: How often.
        anyway: The share of a core that it takes without being asked.

    Raises:
        WrongError: An answer is not 200.
    """
    answers = Answers()
    for turn in range(times + 1):
        used, began = run.process.precise_seconds(), time.monotonic()
        answer = await client.get(call.path, headers=call.headers)
        seconds, cost = time.monotonic() - began, run.process.precise_seconds() - used
        if answer.status_code != httpx.codes.OK:
            said = f"{answer.status_code}: {answer.text[:QUOTED]}"
            raise WrongError(f"GET {call.path} is answered with {said}")
        if turn:
            answers.size = len(answer.content)
            answers.seconds.append(seconds)
            answers.processor.append(max(cost - anyway * seconds, 0.0))
    return answers


async def rows_of(
    run: Run, client: httpx.AsyncClient, calls: Sequence[Call], times: int
) -> list[list[str]]:
    """Ask every call so many times; return the rows of a table."""
    used, began = run.process.precise_seconds(), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    anyway = (run.process.precise_seconds() - used) / (time.monotonic() - began)
    return [[each.title, *(await ask(run, client, each, times, anyway)).cells()] for each in calls]
