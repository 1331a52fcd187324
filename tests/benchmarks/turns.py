"""Cases measured in turn, round by round: what slows the machine for a while slows them all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tests.benchmarks.arithmetic import Rounds
from tests.benchmarks.bench import Bench, WrongError

NO_TIME = "not run: the time is up"

T = TypeVar("T")


@dataclass(frozen=True)
class Case(Generic[T]):
    """Something to measure.

    Attributes:
        title: For the table.
        measure: Measures it once.
        seconds: About how long that takes.
    """

    title: str
    measure: Callable[[], Awaitable[T]]
    seconds: float


@dataclass
class Turns(Generic[T]):
    """What was measured of one case, by number of the round, and why the rest was not."""

    title: str
    found: dict[int, T] = field(default_factory=dict)
    note: str = ""

    @property
    def label(self) -> str:
        """The title, with the note where there is one."""
        return f"{self.title} ({self.note})" if self.note else self.title

    def rounds(self, figure: Callable[[T], float | None]) -> Rounds:
        """One figure of every round that has it."""
        figures = {turn: figure(each) for turn, each in self.found.items()}
        return Rounds({turn: value for turn, value in figures.items() if value is not None})


async def in_turn(bench: Bench, what: str, cases: Sequence[Case[T]]) -> list[Turns[T]]:
    """Measure every case in every round; what goes wrong is reported, and the rest goes on.

    Each round begins with another case, so that none always has the same predecessor.
    """
    turns = [Turns[T](case.title) for case in cases]
    pairs = list(zip(cases, turns, strict=True))
    for number in range(bench.rounds):
        start = number % len(pairs)
        for case, turn in pairs[start:] + pairs[:start]:
            if not bench.time_for(case.seconds):
                turn.note = turn.note or NO_TIME
                continue
            bench.report.doing(f"{what}, round {number + 1}: {case.title}")
            try:
                turn.found[number] = await case.measure()
            except (WrongError, TimeoutError) as error:
                turn.note = f"WRONG: {error}"
                bench.report.fault(f"{what}, {case.title}", error)
    return turns
