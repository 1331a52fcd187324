"""Decides what the operator is told, and when. Pure: times are seconds since the epoch."""

from collections.abc import Container, Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from app.values.notice import Key, Matter, MatterKind, Report, Told

GRACE: Final = 30.0
"""Seconds that a matter has to be away for before it counts as over."""
SOON: Final = 30.0
"""Seconds after which dead letters are told at the latest: more of them fit into one message."""
GAP: Final = 20.0
"""Seconds between two messages to an address: what comes meanwhile goes into one."""
UNHEARD: Final = 7200.0
"""Seconds without a word about a destination after which it counts as well again."""
MOST: Final = 500
"""Matters that are kept at most."""


class Rules(msgspec.Struct, frozen=True):
    """How patient the operator is."""

    after: float  # seconds that something has to last before it is told
    every: float  # seconds between two times that the same matter is told to be wrong

    @property
    def grace(self) -> float:
        """Seconds that a matter has to be away for before it counts as over."""
        return min(GRACE, self.after)

    @property
    def gap(self) -> float:
        """Seconds between two messages to one address."""
        return min(GAP, self.after)

    def patience(self, kind: MatterKind) -> float:
        """Return the seconds that a matter has to last before it is told."""
        return min(SOON, self.after) if kind is MatterKind.DEAD_LETTERS else self.after


class Watchlist:
    """Keeps matters from their beginning to their end.

    A short absence is no end: a worker that restarts knows no destination at first. So a
    destination is well again only once it has accepted something, or if nobody has heard of it
    for very long.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._seen: dict[Key, tuple[Matter, float]] = {}

    @property
    def matters(self) -> tuple[Matter, ...]:
        """All that is wrong, in the order in which it was noticed."""
        return tuple(matter for matter, _ in self._seen.values())

    def look(self, found: Iterable[Matter], fine: Container[str], now: float) -> None:
        """Take what is wrong now.

        Args:
            fine: Destinations that have accepted something.
        """
        for matter in found:
            known = self._seen.get(matter.key)
            if known is None and len(self._seen) >= MOST:
                continue
            since = matter.since if known is None else min(known[0].since, matter.since)
            self._seen[matter.key] = replace(matter, since=since), now
        for key, (_, seen) in list(self._seen.items()):
            if seen != now and now - seen >= self._absence(key, fine):
                del self._seen[key]

    def resume(self, told: Iterable[Told], now: float) -> None:
        """Go on with what was told and is not over, as far as anybody knows."""
        for each in told:
            if not each.over:
                self._seen.setdefault(each.matter.key, (each.matter, now))

    def _absence(self, key: Key, fine: Container[str]) -> float:
        kind, subject = key
        unheard = kind is MatterKind.DESTINATION and subject not in fine
        return UNHEARD if unheard else self._rules.grace


class DeadLetterCount:
    """Makes one matter of dead letters that follow each other.

    It ends once there was none for as long as the operator is not told twice: so none is passed
    over in silence that came soon after others had been told.

    Args:
        topic: Where they stand.
        every: Seconds.
    """

    def __init__(self, topic: str, every: float) -> None:
        self._topic = topic
        self._every = every
        self._total = self._before = 0
        self._since = 0.0
        self._last: float | None = None
        self._said = ""

    def look(self, total: int, said: str, now: float) -> Matter | None:
        """Return the matter that there is, or None.

        Args:
            total: Dead letters that were written so far.
            said: Why the last one was.
        """
        if total > self._total:
            if self._last is None:
                self._since, self._before = now, self._total
            self._total, self._last, self._said = total, now, said
        elif self._last is not None and now - self._last >= self._every:
            self._last = None
        if self._last is None:
            return None
        count = self._total - self._before
        kind = MatterKind.DEAD_LETTERS
        return Matter(kind, self._topic, self._since, self._said, affected=count)


class Due(msgspec.Struct, frozen=True):
    """What one message has to say."""

    begun: tuple[Matter, ...] = ()  # what is wrong, and was not told
    lasting: tuple[Matter, ...] = ()  # what was told, and is still wrong
    over: tuple[Matter, ...] = ()  # what was told, and is not wrong any more; as it was told

    def __bool__(self) -> bool:
        """Say whether there is anything to say."""
        return bool(self.begun or self.lasting or self.over)


Book = Mapping[Key, Told]
"""What an address was told, by matter."""


def due(matters: Iterable[Matter], told: Book, now: float, rules: Rules) -> Due:
    """Decide what an address is to be told now."""
    wrong = {matter.key: matter for matter in matters}
    begun, lasting = [], []
    for key, matter in wrong.items():
        before = told.get(key)
        if before is not None and now - before.at < rules.every:
            continue
        if before is not None and not before.over:
            lasting.append(matter)
        elif now - matter.since >= rules.patience(matter.kind):
            begun.append(matter)
    over = [each.matter for key, each in told.items() if not each.over and key not in wrong]
    return Due(tuple(begun), tuple(lasting), tuple(over))


def after_telling(told: Book, said: Due, now: float, rules: Rules) -> dict[Key, Told]:
    """Return what an address was told once it has accepted a message; what is past is forgotten."""
    book = {key: each for key, each in told.items() if not each.over or now - each.at < rules.every}
    for matter in (*said.begun, *said.lasting):
        book[matter.key] = Told(matter, now)
    for matter in said.over:
        book[matter.key] = replace(told[matter.key], over=True)
    return book


def together(reports: Iterable[Report]) -> tuple[list[Matter], set[str]]:
    """Return what the group's workers see: each matter once, and destinations that are well again.

    A destination that works for one worker and not for another is wrong.

    Args:
        reports: The newest of each worker.
    """
    found: dict[Key, Matter] = {}
    fine: set[str] = set()
    for report in reports:
        fine.update(report.fine)
        for matter in report.matters:
            known = found.get(matter.key)
            if known is not None:
                since, affected = min(known.since, matter.since), known.affected + matter.affected
                matter = replace(matter, since=since, affected=affected)  # noqa: PLW2901
            found[matter.key] = matter
    return list(found.values()), fine
