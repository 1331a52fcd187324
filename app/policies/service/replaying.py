"""Decides which dead letters are replayed, and in which form. Pure."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import blake2b

import msgspec

from app.policies.headers.dead_letters import read_note
from app.policies.headers.deferral import Deferral
from app.policies.headers.records import VALUE_SHA256, origin_of
from app.policies.service.choosing import matches
from app.values.errors import UNREADABLE
from app.values.record import Record
from app.values.replay import Place, ReplayMark, Selection

_MARK = "replayed/"
_PLACE = re.compile(r"([0-9]{1,10})/([0-9]{1,19})")


class Fate(StrEnum):
    """The decision about a selected dead letter."""

    REPLAYABLE = "replayable"
    ALREADY = "already"
    DOUBLE = "doubles"
    EXPIRED = "expired"
    INCOMPLETE = "incomplete"
    FOREIGN = "foreign"


class Judge:
    """Decides about each dead letter of a topic, one after the other.

    Args:
        selection: Which ones are meant.
        group_id: Whose they have to be.
        ours: Topics that their notifications have to come from.
        marks: Which ones were replayed, by place.
        is_expired: Says whether a record's time has passed.
    """

    def __init__(
        self,
        selection: Selection,
        group_id: str,
        ours: frozenset[str],
        marks: Mapping[Place, ReplayMark],
        is_expired: Callable[[Record], bool],
    ) -> None:
        self._selection = selection
        self._group_id = group_id
        self._ours = ours
        self._marks = marks
        self._is_expired = is_expired
        self._replayed = {mark.identity for mark in marks.values() if mark.identity}

    @property
    def knows_replayed(self) -> bool:
        """Whether it knows doubles of what was replayed without being shown all records."""
        return all(mark.identity for mark in self._marks.values())

    def notice(self, record: Record) -> None:
        """Take notice of a record, to know doubles of replayed ones by it."""
        if replayed_at(record, self._marks) is not None:
            self._replayed.add(identity_of(record))

    def fate(self, record: Record) -> Fate | None:
        """Decide about a record; None if it is not selected."""
        if not matches(record, self._selection):
            return None
        identity = identity_of(record)
        for fate, applies in (
            (Fate.ALREADY, replayed_at(record, self._marks) is not None),
            (Fate.FOREIGN, self._is_foreign(record)),
            (Fate.INCOMPLETE, VALUE_SHA256 in dict(record.headers)),
            (Fate.DOUBLE, identity in self._replayed),
            (Fate.EXPIRED, self._is_expired(record)),
        ):
            if applies:
                return fate
        self._replayed.add(identity)
        return Fate.REPLAYABLE

    def _is_foreign(self, record: Record) -> bool:
        group = read_note(record.headers).group
        return group not in ("", self._group_id) or origin_of(record).topic not in self._ours


def as_deferral(record: Record) -> Deferral:
    """Return the deferral that a dead letter becomes: the targets that failed, and a fresh start.

    If no target is known (the record could not be used) or not all of them are, everything is
    left that was not delivered.
    """
    note = read_note(record.headers)
    known = note.failed and all(mark.id for mark in note.failed)
    return Deferral(
        left=note.failed if known else None,
        delivered=tuple(mark for mark in note.delivered if mark.id),
        replays=note.replays + 1,
    )


def may_expire(value: bytes) -> bool:
    """Say whether a notification may have an end, at a glance: most have none."""
    return any(sign in value for sign in (b"expires_at", b"ttl_seconds", b"\\u"))


def place_of(record: Record) -> Place:
    """Return the place of a dead letter."""
    return record.partition.partition, record.offset


def read_place(text: str) -> Place | None:
    """Return the place that ``partition/offset`` names, or None if the text does not."""
    match = _PLACE.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def mark_key(place: Place) -> bytes:
    """Return the key of the mark that a dead letter was replayed."""
    return f"{_MARK}{place[0]}/{place[1]}".encode()


def mark_value(mark: ReplayMark) -> bytes:
    """Return the value of a mark."""
    return msgspec.json.encode({"replayed": mark.at, "identity": mark.identity})


def read_mark(record: Record) -> tuple[Place, ReplayMark] | None:
    """Return a mark and the place it is about; None for any other record of the control topic."""
    key = (record.key or b"").decode(errors="replace")
    partition, _, offset = key.removeprefix(_MARK).partition("/")
    if not key.startswith(_MARK) or not (partition.isdecimal() and offset.isdecimal()):
        return None
    try:
        value = msgspec.json.decode(record.value or b"{}", type=dict[str, str])
    except UNREADABLE:
        value = {}
    mark = ReplayMark(value.get("replayed", ""), value.get("identity", ""))
    return (int(partition), int(offset)), mark


def replayed_at(record: Record, marks: Mapping[Place, ReplayMark]) -> str | None:
    """Return when a dead letter was replayed, ISO 8601, or None."""
    mark = marks.get(place_of(record))
    if mark is None or mark.identity not in ("", identity_of(record)):
        return None
    return mark.at


def identity_of(record: Record) -> str:
    """Return the key that two dead letters of one failure share, and no others.

    It is the origin and the bytes: a topic that was recreated gives the same coordinates again.
    """
    note, origin = read_note(record.headers), origin_of(record)
    told = blake2b(digest_size=16)
    for part in (
        f"{origin.coordinates}/{origin.timestamp}/{note.replays}".encode(errors="backslashreplace"),
        note.group.encode(errors="backslashreplace"),
        record.key or b"",
        record.value or dict(record.headers).get(VALUE_SHA256) or b"",
    ):
        told.update(len(part).to_bytes(8))
        told.update(part)
    return told.hexdigest()
