"""Attempts by time, a few seconds each for an hour; bounded, whatever happens. Pure."""

from array import array
from bisect import bisect_left
from collections import deque
from datetime import UTC, datetime
from typing import Final

from app.values.rates import Rate, Rates

SECONDS: Final = 5
KEPT: Final = 3600
MOST_DESTINATIONS: Final = 300
"""Those that were asked last; what others did counts in the whole only."""
MOST_SAMPLES: Final = 500
"""Durations that are kept of one slot: of more, the last ones."""
_FINEST: Final = 0.0001
_GROWTH: Final = 1.1
_BOUNDS: Final = tuple(_FINEST * _GROWTH**step for step in range(140))
"""Upper ends of the buckets for durations, in seconds: from 0.1 ms to a minute."""


class _Slot:
    __slots__ = ("accepted", "attempts", "durations", "key")

    def __init__(self, key: int) -> None:
        self.key = key
        self.attempts = 0
        self.accepted = 0
        self.durations = array("H")  # numbers of buckets

    def add(self, bucket: int, *, accepted: bool) -> None:
        self.attempts += 1
        self.accepted += accepted
        if len(self.durations) < MOST_SAMPLES:
            self.durations.append(bucket)
        else:
            self.durations[self.attempts % MOST_SAMPLES] = bucket

    def shown(self) -> Rate:
        found = sorted(self.durations)
        return Rate(
            at=_time(self.key * SECONDS),
            attempts=self.attempts,
            accepted=self.accepted,
            latency_ms_p50=_quantile(found, 0.5),
            latency_ms_p95=_quantile(found, 0.95),
        )


class _Line:
    """The slots of the last hour, oldest first; those without an attempt are left out."""

    __slots__ = ("newest", "slots")

    def __init__(self) -> None:
        self.slots: deque[_Slot] = deque(maxlen=KEPT // SECONDS)
        self.newest = _Slot(-1)

    def slot(self, key: int) -> _Slot:
        """Return the slot of a time; of one that is over, the last one."""
        if self.newest.key < key:
            self.newest = _Slot(key)
            self.slots.append(self.newest)
        return self.newest

    def between(self, first: int, last: int) -> tuple[Rate, ...]:
        """Return a rate for every slot of a time, also for those without an attempt."""
        known = {slot.key: slot for slot in tuple(self.slots)}
        return tuple(
            known[key].shown() if key in known else Rate(_time(key * SECONDS), 0, 0, None, None)
            for key in range(first, last + 1)
        )


class RateBook:
    """Counts attempts by time, for the whole and for each destination."""

    def __init__(self) -> None:
        self._all = _Line()
        self._destinations: dict[str, _Line] = {}

    def add(self, destination: str, now: float, duration: float, *, accepted: bool) -> None:
        """Count one attempt.

        Args:
            destination: Its redacted address.
            duration: Seconds that the destination took.
        """
        key = int(now) // SECONDS
        bucket = bisect_left(_BOUNDS, duration)
        line = self._destinations.get(destination)
        if line is None or line.newest.key < key:
            line = self._destinations.pop(destination, None) or _Line()
            self._destinations[destination] = line  # the one asked longest ago comes first
            if len(self._destinations) > MOST_DESTINATIONS:
                del self._destinations[next(iter(self._destinations))]
        for each in (self._all, line):
            slot = each.newest if each.newest.key >= key else each.slot(key)
            slot.add(bucket, accepted=accepted)

    def rates(self, now: float, minutes: int, destination: str | None = None) -> Rates:
        """Return the rates of the last minutes, oldest first; the last one is not over yet.

        Args:
            now: Seconds since the epoch.
            minutes: How many, up to 60.
            destination: Of this one alone; one that is not known has none.
        """
        line = self._all if destination is None else self._destinations.get(destination, _Line())
        last = int(now) // SECONDS
        return Rates(SECONDS, line.between(last - minutes * 60 // SECONDS + 1, last))


def _quantile(buckets: list[int], share: float) -> float | None:
    if not buckets:
        return None
    place = buckets[min(int(len(buckets) * share), len(buckets) - 1)]
    seconds = _BOUNDS[min(place, len(_BOUNDS) - 1)]
    return round(seconds * 1000, 2)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
