"""Replaying dead letters: which of them, and how far it has come."""

import msgspec

from app.values.outcome import Reason

Place = tuple[int, int]
"""Partition and offset in the dead-letter topic."""


class ReplayMark(msgspec.Struct, frozen=True):
    """A dead letter was replayed."""

    at: str  # ISO 8601 UTC
    # Of that dead letter: another one may stand in its place once the topic was made anew.
    # Empty in marks of older versions.
    identity: str = ""


class Selection(msgspec.Struct, frozen=True):
    """A choice of dead letters: to be listed, or to be replayed.

    What is named (places, causes) is chosen, as far as it matches all the rest; if nothing is
    named, everything is that matches.

    Attributes:
        places: These very ones.
        causes: Those of these causes, by their ids.
        since, until: Written there from this time on, and before that one; seconds since the epoch.
        query: Text in the message id, title, error, origin or targets, in any case.
        group: Given up by this consumer group, or by nobody knows whom.
        destination: Text in the label of a target that was not reached.
    """

    places: frozenset[Place] | None = None
    causes: frozenset[str] | None = None
    reason: Reason | None = None
    since: float | None = None
    until: float | None = None
    query: str | None = None
    group: str | None = None
    destination: str | None = None


EVERYTHING = Selection()
"""All dead letters."""


class Replay(msgspec.Struct, frozen=True):
    """A replay: how far it has come, or its plan.

    Attributes:
        state: ``idle`` before the first, ``planned`` (a dry run), ``running``, ``done``, or
            ``failed``: then it can be made again, and goes on where it ended.
        selected: Dead letters that the selection names.
        replayable: Of those, the ones that are sent again.
        replayed: Of those, the ones that Kafka has acknowledged so far.
        already: Selected ones that were replayed before.
        doubles: Selected ones that stand in the topic twice; one of them is sent.
        expired: Selected ones whose time has passed: they are not sent.
        incomplete: Selected ones that were too large for their value to be kept.
        foreign: Selected ones of other consumer groups, or of topics that this service does not
            consume: they are another's to route.
        missing: Ids that the topic does not have (any more).
        started, ended: ISO 8601 UTC, or None.
        rate: The most that are sent in a second, or None.
        error: Why it failed, or None.
        ids: The first of those that are sent again, as ``partition/offset``.
        choice: Which dead letters are meant, in words.
    """

    state: str = "idle"
    selected: int = 0
    replayable: int = 0
    replayed: int = 0
    already: int = 0
    doubles: int = 0
    expired: int = 0
    incomplete: int = 0
    foreign: int = 0
    missing: int = 0
    started: str | None = None
    ended: str | None = None
    rate: float | None = None
    error: str | None = None
    ids: tuple[str, ...] = ()
    choice: str = ""
