"""Chooses dead letters, finds what they have in common, and says in words which are meant. Pure."""

import re
from collections.abc import Container, Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from app.policies.headers.dead_letters import read_reason
from app.policies.headers.records import ERROR, FAILED, GROUP, iso_time, read_marks, text_of
from app.policies.redaction import Secrets, veil
from app.policies.service.dead_letter_view import words_of
from app.policies.texts.moments import utc_time
from app.policies.texts.plain_text import clip, one_line
from app.values.dead_letter import Cause, OtherGroup
from app.values.record import Record
from app.values.replay import Place, Selection

MOST_CAUSES: Final = 50
MOST_GROUPS: Final = 20
LONGEST_ERROR: Final = 200
LONGEST_DESTINATION: Final = 200
MOST_NAMED: Final = 3
"""Targets that a cause names, and ids that words name."""
_ID_BYTES: Final = 6
_VARIES = re.compile(
    r"\b(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{6,}(?:-[0-9a-fA-F]+)*\b|(?<!code )\b[0-9]{4,}\b"
)
"""What differs in errors of one kind: ids and long numbers, not answers' codes."""


def matches(record: Record, wanted: Selection) -> bool:
    """Say whether a record of the dead-letter topic is chosen."""
    return (
        (wanted.since is None or record.timestamp >= wanted.since)
        and (wanted.until is None or record.timestamp < wanted.until)
        and _matches_headers(record, wanted)
        and _is_named(record, wanted)
        and (wanted.query is None or _says(record, wanted.query.casefold()))
    )


def cause_of(record: Record) -> str:
    """Return the id of a dead letter's cause."""
    return _cause(dict(record.headers))[0]


def words_for(wanted: Selection) -> str:
    """Say which dead letters are chosen: ``all dead letters, with the reason exhausted``."""
    chosen = _named(wanted)
    if wanted.reason is not None:
        chosen = f"{chosen}, with the reason {wanted.reason.value}"
    if wanted.query is not None:
        chosen = f"{chosen}, with the text {wanted.query!r}"
    if wanted.destination is not None:
        chosen = f"{chosen}, for destinations with {wanted.destination!r}"
    if wanted.group is not None:
        chosen = f"{chosen}, of the group {wanted.group}"
    if wanted.since is not None:
        chosen = f"{chosen}, not earlier than {utc_time(wanted.since)}"
    if wanted.until is not None:
        chosen = f"{chosen}, earlier than {utc_time(wanted.until)}"
    return chosen


class Tally:
    """Counts dead letters by their causes, and those of other groups.

    Args:
        group: The one whose causes are told apart.
    """

    def __init__(self, group: str) -> None:
        self._group = group
        self._causes: dict[str, _Counted] = {}
        self._others: dict[str, tuple[int, float]] = {}

    def add(self, record: Record) -> None:
        """Count one that is chosen."""
        headers = dict(record.headers)
        if text_of(headers.get(GROUP)) in ("", self._group):
            found, destination, error = _cause(headers)
            counted = self._causes.get(found)
            if counted is None:
                reason = read_reason(headers).value
                counted = self._causes[found] = _Counted(reason, destination, error)
            counted.newest = max(counted.newest, record.timestamp)
            counted.places.append((record.partition.partition, record.offset))

    def add_other(self, record: Record) -> None:
        """Count one, if it is another group's."""
        group = text_of(dict(record.headers).get(GROUP))
        if group not in ("", self._group):
            count, newest = self._others.get(group, (0, 0.0))
            self._others[group] = count + 1, max(newest, record.timestamp)

    def causes(self, replayed: Container[Place], secrets: Secrets) -> tuple[Cause, ...]:
        """Return the most frequent causes, secrets hidden.

        Args:
            replayed: Where dead letters stand that were replayed.
        """
        most = sorted(
            self._causes.items(), key=lambda each: (-len(each[1].places), -each[1].newest)
        )
        return tuple(
            Cause(
                id=found,
                reason=each.reason,
                destination=veil(each.destination, secrets),
                error=veil(each.error, secrets),
                count=len(each.places),
                replayed=sum(place in replayed for place in each.places),
                newest=iso_time(each.newest),
            )
            for found, each in most[:MOST_CAUSES]
        )

    def others(self) -> tuple[OtherGroup, ...]:
        """Return the other groups, those with most dead letters first."""
        most = sorted(self._others.items(), key=lambda each: (-each[1][0], each[0]))
        return tuple(
            OtherGroup(group, count, iso_time(newest))
            for group, (count, newest) in most[:MOST_GROUPS]
        )


class _Counted(msgspec.Struct):
    reason: str
    destination: str
    error: str
    places: list[Place] = []
    newest: float = 0.0


def _matches_headers(record: Record, wanted: Selection) -> bool:
    if wanted.reason is None and wanted.group is None and wanted.destination is None:
        return True
    headers = dict(record.headers)
    if wanted.reason is not None and read_reason(headers) is not wanted.reason:
        return False
    if wanted.group is not None and text_of(headers.get(GROUP)) not in ("", wanted.group):
        return False
    if wanted.destination is None:
        return True
    needle = wanted.destination.casefold()
    failed = read_marks(headers.get(FAILED))
    return any(needle in f"{each.channel} {each.label}".casefold() for each in failed)


def _is_named(record: Record, wanted: Selection) -> bool:
    if wanted.places is None and wanted.causes is None:
        return True
    if wanted.places is not None:
        place = record.partition.partition, record.offset
        if place in wanted.places:
            return True
    return wanted.causes is not None and cause_of(record) in wanted.causes


def _says(record: Record, needle: str) -> bool:
    """Look for a text in what is shown of a dead letter; most are passed over at a glance."""
    if needle.isascii() and not _may_say(record, needle.encode()):
        return False
    return needle in words_of(record).casefold()


def _may_say(record: Record, needle: bytes) -> bool:
    """Say whether a text of letters and digits may be found, without reading what is where."""
    if not needle.translate(None, b"-_.").isalnum():
        return True
    parts = (record.value or b"", record.key or b"", *(value or b"" for _, value in record.headers))
    everything = b"\0".join(parts)
    return needle in everything.lower() or b"\\" in everything or not everything.isascii()


def _cause(headers: Mapping[str, bytes | None]) -> tuple[str, str, str]:
    """Return the id of a cause, its destinations and its error; a thousand of them for a page."""
    failed = read_marks(headers.get(FAILED))
    labels = [f"{each.channel} {each.label}".strip() for each in failed]
    error = text_of(headers.get(ERROR))
    for each in failed[:MOST_NAMED]:
        error = error.replace(f"{each.label}: ", "")
    error = clip(_VARIES.sub("#", one_line(error)), LONGEST_ERROR)
    more = len(labels) - MOST_NAMED
    if more > 0:
        labels = [*labels[:MOST_NAMED], f"and {more} more"]
    destination = clip(", ".join(labels), LONGEST_DESTINATION)
    told = f"{read_reason(headers).value}\0{destination}\0{error}"
    digest = blake2b(told.encode(errors="backslashreplace"), digest_size=_ID_BYTES)
    return digest.hexdigest(), destination, error


def _named(wanted: Selection) -> str:
    places, causes = _places(sorted(wanted.places or ())), _causes(sorted(wanted.causes or ()))
    if places and causes:
        return f"{places} and also {causes}"
    return places or causes or "all dead letters"


def _places(places: Sequence[Place]) -> str:
    if len(places) == 1:
        return "dead letter {}/{}".format(*places[0])
    return f"{len(places):,} dead letters" if places else ""


def _causes(causes: Sequence[str]) -> str:
    if len(causes) == 1:
        return f"all of the cause {causes[0]}"
    return f"all of {len(causes):,} causes" if causes else ""
