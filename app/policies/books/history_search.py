"""Which entries of the history are looked for, and which records may hold one. Pure."""

from collections.abc import Callable

import msgspec

from app.values.history import Entry

DEFERRED = "deferred"


class Sought(msgspec.Struct, frozen=True):
    """Which entries are looked for; what is None is of no account.

    Attributes:
        q: Text in id, title, place, user, trace, destinations or errors, in whatever case.
        user: The whole id of one.
        status: How it was settled, or ``deferred``; None for all that are settled.
        channel: The whole name of one.
        destination: Text in a destination's name.
        since, until: Seconds since the epoch; settled from then on, and before then.
    """

    q: str | None = None
    user: str | None = None
    status: str | None = None
    channel: str | None = None
    destination: str | None = None
    since: float | None = None
    until: float | None = None

    def matches(self, entry: Entry) -> bool:
        """Say whether an entry is looked for."""
        return (
            (entry.state == self.status if self.status else entry.state != DEFERRED)
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
            and (self.user is None or entry.user == self.user)
            and self._matches_targets(entry)
            and (self.q is None or _says(_text_of(entry), self.q))
        )

    def _matches_targets(self, entry: Entry) -> bool:
        targets, channel, destination = entry.targets, self.channel, self.destination
        return (channel is None or any(each.channel == channel for each in targets)) and (
            destination is None or any(destination in each.destination for each in targets)
        )

    def at_a_glance(self) -> Callable[[bytes | None], bool]:
        """Return what says whether a record may hold one, by its bytes: texts stand there whole.

        To look for a text is a tenth of the work of reading the entries.
        """
        given = (self.user, self.status, self.channel, self.destination)
        whole = [_bytes(each) for each in given if each is not None]
        anyhow = None
        if self.q is not None:
            if self.q.isascii():
                anyhow = _bytes(self.q).lower()
            elif _has_no_case(self.q):
                whole.append(_bytes(self.q))

        def may_hold(value: bytes | None) -> bool:
            return (
                value is not None
                and all(each in value for each in whole)
                and (anyhow is None or anyhow in value.lower())
            )

        return may_hold


def _text_of(entry: Entry) -> str:
    parts = [entry.id, entry.title, entry.origin, entry.user, entry.trace_id]
    parts += [each.destination for each in entry.targets]
    parts += [each.error for each in entry.tries]
    return "\n".join(part for part in parts if part)


def _says(text: str, needle: str) -> bool:
    """Look for a text as the glance does, which may pass over nothing that is found here."""
    if needle.isascii():
        return _bytes(needle).lower() in _bytes(text).lower()
    return needle in text if _has_no_case(needle) else needle.lower() in text.lower()


def _has_no_case(text: str) -> bool:
    """Say whether there is but one way to write it, as with Chinese."""
    return text.lower() == text.upper()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
