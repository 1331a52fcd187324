"""What happened, for whoever has to find out why."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from tests.support.simulation.loop import now

LATEST = 60
"""Lines that are shown where a fault names no notification."""


class Fault(NamedTuple):
    """Something that must not be.

    Attributes:
        text: What it is.
        names: Message ids of the notifications it is about.
    """

    text: str
    names: tuple[str, ...] = ()


class Story:
    """Lines with the time they were written at.

    Each is about some notifications, or about the world.
    """

    def __init__(self) -> None:
        self._lines: list[tuple[float, frozenset[str], str]] = []

    def tell(self, text: str, names: Iterable[str] = ()) -> None:
        """Write a line."""
        self._lines.append((now(), frozenset(names), text))

    def about(self, names: Collection[str]) -> str:
        """Return what happened to some notifications, and around them; or what happened last."""
        if not names:
            return "\n".join(f"{at:9.3f} {text}" for at, _, text in self._lines[-LATEST:])
        times = [at for at, told, _ in self._lines if told.intersection(names)]
        first, last = (times[0], times[-1]) if times else (0.0, 0.0)
        return "\n".join(
            f"{at:9.3f} {text}"
            for at, told, text in self._lines
            if told.intersection(names) or (not told and first <= at <= last)
        )
