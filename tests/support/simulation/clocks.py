"""Everybody's clocks: each broker has one and each worker, and they may be wrong."""

from random import Random

from app.values.record import TopicPartition
from tests.support.simulation.loop import now

EPOCH = 1_767_225_600.0
"""2026-01-01T00:00:00Z: the hour at which the loop's time is 0."""
BROKERS = 3
OFFSETS = (-3600.0, -600.0, -60.0, -5.0, 0.0, 0.0, 0.0, 5.0, 60.0, 600.0, 3600.0)
DRIFTS = (0.0, 0.0, 1e-4, -1e-4, 0.01, -0.01)
"""Seconds that a clock gains in one second."""


class Clock:
    """Tells the time, and is off by so much at the start."""

    def __init__(self, offset: float = 0.0, drift: float = 0.0) -> None:
        self._offset = offset
        self._drift = drift
        self._set_at = 0.0

    def now(self) -> float:
        """Return seconds since the epoch."""
        return EPOCH + now() + self._offset + self._drift * (now() - self._set_at)

    def set(self, offset: float) -> None:
        """Jump."""
        self._offset = offset
        self._set_at = now()


class Clocks:
    """All clocks of a world.

    In one of three worlds they are right; in one of three only the workers' are wrong.

    Args:
        chance: What happens by chance.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.right = chance.random() < 1 / 3  # None ever is
        self.brokers_right = self.right or chance.random() < 1 / 2  # the brokers' are never wrong
        # the group's own topics bear the brokers' time; otherwise that of whoever wrote
        self.stamping = chance.random() < 0.8
        self._workers: list[Clock] = []
        apart = (0.0,) if self.brokers_right else (0.0, 0.0, 0.05, -0.05, 40.0, -40.0)
        self._brokers = [Clock(chance.choice(apart)) for _ in range(BROKERS)]

    def new(self) -> Clock:
        """Return the clock of a new worker."""
        clock = Clock()
        if not self.right:
            clock = Clock(self._chance.choice(OFFSETS), self._chance.choice(DRIFTS))
        self._workers.append(clock)
        return clock

    def disturb(self) -> str | None:
        """Set one that may be wrong, and say so; most times nothing happens."""
        if self.right or self._chance.random() > 0.15:
            return None
        whose = self._workers if self.brokers_right else self._workers + self._brokers
        number = self._chance.randrange(len(whose))
        offset = self._chance.choice(OFFSETS)
        whose[number].set(offset)
        workers = len(self._workers)
        name = f"w{number}" if number < workers else f"broker {number - workers}"
        return f"* the clock of {name} is off by {offset:g} s now"

    def stamp(self, partition: TopicPartition) -> float:
        """Return what time it is for whoever leads a partition."""
        return self._brokers[partition.partition % BROKERS].now()
