"""Watches one worker for what the operator should know."""

from collections.abc import Iterator
from typing import Final, Protocol

from app.engine.clock import EngineClock
from app.engine.lanes.dispatch import Dispatcher
from app.engine.lanes.lane import Lane
from app.engine.observer import Observer
from app.policies.service.health import Signs, kafka_is_away, problem
from app.policies.service.notices import DeadLetterCount, Rules, Watchlist
from app.values.notice import Matter, MatterKind, Report
from app.values.snapshot import DestinationState, Status

REMEMBERED: Final = 120.0
"""Seconds for which a destination is reported as working again."""
_WELL: Final = (DestinationState.OPEN, DestinationState.RATE_LIMITED)
_WRONG: Final = (DestinationState.BROKEN, DestinationState.DENIED, DestinationState.GONE)


class Watched(Protocol):
    """The worker, as far as it is watched."""

    @property
    def dispatcher(self) -> Dispatcher:
        """The lanes of its destinations."""
        ...

    @property
    def in_flight(self) -> int:
        """Notifications that it has taken and not settled."""
        ...

    @property
    def joined(self) -> bool:
        """Whether it is in the group."""
        ...

    @property
    def speaks(self) -> bool:
        """Whether it is the one that speaks for the group."""
        ...

    def signs(self) -> Signs:
        """Return the signs of its health."""
        ...


class Watch:
    """Looks at one worker, and remembers what is wrong with it.

    Args:
        name: How it is called.
    """

    def __init__(
        self,
        worker: Watched,
        name: str,
        dead_letter_topic: str,
        observer: Observer,
        clock: EngineClock,
        rules: Rules,
    ) -> None:
        self._worker = worker
        self._name = name
        self._observer = observer
        self._clock = clock
        self._dead_letters = DeadLetterCount(dead_letter_topic, rules.every)
        self._list = Watchlist(rules)
        self._alone = Watchlist(rules)
        self.fine: set[str] = set()  # destinations that work for this worker
        self._before: dict[str, int] = {}
        self._recovered: dict[str, float] = {}

    @property
    def stopped(self) -> bool:
        """Whether the worker is stopped on purpose, or about to be."""
        return self._worker.signs().status in (Status.STOPPED, Status.STOPPING)

    @property
    def joined(self) -> bool:
        """Whether the worker is in the group."""
        return self._worker.joined

    @property
    def speaks(self) -> bool:
        """Whether the worker is the one that speaks for the group."""
        return self._worker.speaks

    def look(self) -> tuple[Report, tuple[Matter, ...]]:
        """Return what the group should know, and what this worker has to say by itself.

        Whoever has lost Kafka, or is not let into the group, cannot tell anybody there.
        """
        now = self._clock.now()
        wrong_before = {matter.subject for matter in self._list.matters}
        self.fine = fine = set[str]()
        found = list(self._destinations(fine, now))
        matter = self._standstill(now)
        alone: list[Matter] = []
        if matter is not None:
            away = matter.kind is MatterKind.KAFKA_AWAY or not self._worker.joined
            (alone if away else found).append(matter)
        count = self._observer.statistics.dead_lettered
        dead = self._dead_letters.look(count, self._observer.last_dead_letter, now)
        if dead is not None:
            found.append(dead)
        self._list.look(found, fine, now)
        self._alone.look(alone, (), now)
        self._recovered |= dict.fromkeys(fine & wrong_before, now)
        still = {matter.subject for matter in self._list.matters}
        self._recovered = {
            label: at
            for label, at in self._recovered.items()
            if now - at < REMEMBERED and label not in still
        }
        report = Report(self._name, now, self._list.matters, tuple(self._recovered))
        return report, self._alone.matters

    def _destinations(self, fine: set[str], now: float) -> Iterator[Matter]:
        before: dict[str, int] = {}
        for lane in self._worker.dispatcher:
            label = lane.destination.label
            state, _ = lane.state()
            if state is DestinationState.PAUSED:
                continue  # an operator knows, and nothing is tried
            if state in _WRONG:
                before[label] = self._before.get(label, 0)
                yield self._matter(lane, state, before[label], now)
                continue
            if lane.put_aside_so_far:
                before[label] = lane.put_aside_so_far
            if lane.has_accepted and state in _WELL:
                fine.add(label)
        self._before = before

    def _matter(self, lane: Lane, state: DestinationState, before: int, now: float) -> Matter:
        put_aside = lane.put_aside_so_far
        waiting = lane.queued + lane.active
        return Matter(
            MatterKind.DESTINATION,
            lane.destination.label,
            now,
            lane.last_error or "",
            state.value,
            waiting + put_aside - (before if before <= put_aside else 0),
        )

    def _standstill(self, now: float) -> Matter | None:
        signs = self._worker.signs()
        said = problem(signs)
        if said is None:
            return None
        kind = MatterKind.KAFKA_AWAY if kafka_is_away(signs) else MatterKind.NO_PROGRESS
        return Matter(kind, self._name, now, said, affected=self._worker.in_flight)
