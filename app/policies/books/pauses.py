"""Destinations that operators have paused, as the control topic has them. Pure.

Key ``destinations/<group>/<id>``, with a ``Pausing`` as JSON. That of a destination that was
resumed stays: when it was tells which deferred notifications need not wait any longer.
"""

from collections.abc import Callable, Collection, Iterator
from hashlib import sha256
from math import inf

import msgspec

from app.policies.books.saved_commits import Entry
from app.policies.texts.moments import utc_time
from app.values.delivery import Destination
from app.values.errors import UNREADABLE


class Pausing(msgspec.Struct, frozen=True):
    """An operator's last word about a destination."""

    paused: bool  # whether it is paused, or was resumed
    by: str  # whose word it is: the name of an API key, or of the place that needs none
    at: float  # seconds since the epoch, by the clock of the worker that was told
    channel: str = ""  # the channel that serves it
    label: str = ""  # its redacted address


class PauseBook:
    """Knows which destinations are paused."""

    def __init__(self, group_id: str) -> None:
        self._prefix = _prefix(group_id)
        self._words: dict[str, Pausing] = {}
        # when the last one was resumed, in seconds since the epoch by the brokers' clock
        self.resumed_at = -inf
        self.resumed_on = -inf  # the same in monotonic seconds of the reader

    def take(self, key: bytes | None, value: bytes | None, at: float, on: float) -> str | None:
        """Take in one record of the control topic, in the order in which they stand.

        Args:
            at: When it was appended, in seconds since the epoch.
            on: About the same in monotonic seconds.

        Returns:
            The id of the destination that it is about, or None.
        """
        name = (key or b"").decode(errors="replace")
        if not name.startswith(self._prefix):
            return None
        identity = name.removeprefix(self._prefix)
        try:
            word = msgspec.json.decode(value or b"", type=Pausing)
        except UNREADABLE:  # deleted, or of a version to come
            self._words.pop(identity, None)
            return identity
        self._words[identity] = word
        if not word.paused:
            self.resumed_at = max(self.resumed_at, at)
            self.resumed_on = max(self.resumed_on, on)
        return identity

    def pause_of(self, identity: str) -> Pausing | None:
        """Return the word that a destination is paused by; None if it is not paused."""
        word = self._words.get(identity)
        return word if word is not None and word.paused else None

    def paused(self) -> Iterator[tuple[str, Pausing]]:
        """Yield every paused destination by its id."""
        for identity, word in self._words.items():
            if word.paused:
                yield identity, word

    def news_since(self, before: "PauseBook") -> frozenset[str]:
        """Return the ids of those about which another book has not the last word."""
        mine, others = self._words, before._words  # noqa: SLF001 - another of its kind
        return frozenset(each for each in {*mine, *others} if mine.get(each) != others.get(each))

    def need_not_wait(self, appended: float, paused: Collection[str], *, stood_there: bool) -> bool:
        """Say whether a deferred notification is due at once, whatever its delay.

        What stood there when a destination was resumed is all looked at again: what is for others
        has an early attempt, or is deferred again.

        Args:
            appended: When it was deferred, in seconds since the epoch.
            paused: The ids of the destinations for whose pause alone it waits.
            stood_there: It did soon after this worker had heard of it. The brokers' clocks, which
                may differ, must not decide alone: what is deferred again would be due again, and
                again.
        """
        if stood_there and appended < self.resumed_at:
            return True
        return bool(paused) and all(self.pause_of(each) is None for each in paused)


def destination_id(destination: Destination) -> str:
    """Return the id of a destination: the same at every worker, and no secret can be read in it."""
    name = f"{destination.channel}\n{destination.address}"
    return sha256(name.encode()).hexdigest()[:16]


def paused_by(pause: Pausing) -> str:
    """Say in short why nothing is sent to a destination."""
    return f"paused by {pause.by}"


def paused_texts(pauses: PauseBook, name_of: Callable[[str], str | None]) -> dict[str, str]:
    """Say which destinations are paused, by whom, and how each goes on; by their ids.

    Args:
        pauses: Knows them.
        name_of: Returns whom a destination reaches, by its id, if somebody has named it.
    """
    return {
        identity: _paused_text(name_of(identity) or word.label, identity, word)
        for identity, word in pauses.paused()
    }


def _paused_text(name: str, identity: str, word: Pausing) -> str:
    return (
        f"{name} was paused by {word.by} on {utc_time(word.at)}: what is for it is put aside, and"
        f" nothing of it is lost. To go on: notifier destinations resume {identity}, or its page"
    )


def pausing_entry(group_id: str, identity: str, word: Pausing) -> Entry:
    """Return the record of an operator's word about a destination."""
    return f"{_prefix(group_id)}{identity}".encode(), msgspec.json.encode(word)


def _prefix(group_id: str) -> str:
    return f"destinations/{group_id}/"
