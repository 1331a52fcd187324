"""What somebody should look at: each condition from its beginning to its end."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from app.policies.texts.plain_text import clip
from app.values.snapshot import Condition

log = logging.getLogger(__name__)

SHOWN_FOR: Final = 3600.0
"""Seconds for which a condition that is over is still shown, if it was noted."""
MOST_OF_A_KIND: Final = 50
"""Conditions of one kind that are kept at most."""


LONGEST_TEXT: Final = 1000
"""Characters of a condition's text that are kept at most."""


class Conditions:
    """Everything that is not as it should be now, for health, page, metrics and the operator.

    A condition is named by its kind and its subject (a topic, a partition, a destination). Its
    text is a sentence that names what is wrong and what to do. It is logged when it begins and
    when it ends, not in between.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._current: dict[tuple[str, str], Condition] = {}
        self._until: dict[tuple[str, str], float] = {}

    def __iter__(self) -> Iterator[Condition]:
        now = self._now()
        for which in [each for each, until in self._until.items() if until <= now]:
            del self._until[which]
            self._current.pop(which, None)
        return iter(list(self._current.values()))

    def begin(self, kind: str, text: str, *, subject: str = "", stops_work: bool = False) -> None:
        """Note that something is wrong, or still is; a new text replaces the old one.

        Args:
            kind: A constant of the code, such as ``clock``: the label of the metric.
            subject: What it is about, if there may be several of the kind.
            stops_work: Whether no progress is made because of it: then it is the ``problem``.
        """
        text = clip(text, LONGEST_TEXT)
        self._until.pop((kind, subject), None)
        old = self._current.get((kind, subject))
        if old is None:
            if sum(each.kind == kind for each in self) >= MOST_OF_A_KIND:
                return
            log.log(logging.ERROR if stops_work else logging.WARNING, "%s", text)
        since = self._now() if old is None else old.since
        self._current[kind, subject] = Condition(kind, subject, text, since, stops_work)

    def note(self, kind: str, text: str, *, subject: str = "") -> None:
        """Note something that has happened and is over: it is shown for an hour."""
        self._current.pop((kind, subject), None)
        self.begin(kind, text, subject=subject)
        self._until[kind, subject] = self._now() + SHOWN_FOR

    def end(self, kind: str, subject: str = "") -> None:
        """Note that it is over; does nothing if it never began."""
        old = self._current.pop((kind, subject), None)
        if old is not None:
            log.info("no longer: %s", old.text)

    def replace(self, kind: str, texts: Mapping[str, str], *, stops_work: bool = False) -> None:
        """Replace the conditions of a kind by these; others of the kind end.

        Args:
            texts: By subject.
        """
        for each in list(self):
            if each.kind == kind and each.subject not in texts:
                self.end(kind, each.subject)
        for subject, text in texts.items():
            self.begin(kind, text, subject=subject, stops_work=stops_work)

    def forget(self) -> None:
        """Drop all, without logging it: the worker stops."""
        self._current.clear()
        self._until.clear()

    @property
    def problem(self) -> str | None:
        """What keeps the worker from its work, or None."""
        stopping = [each.text for each in self if each.stops_work]
        return "; ".join(stopping) or None

    def snapshot(self) -> tuple[Condition, ...]:
        """Return all of them, the oldest first."""
        return tuple(self)
