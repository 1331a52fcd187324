"""What the group's workers tell each other for the operator's sake, in the control topic.

Keys, each with a JSON value:

``operator/report/<worker>``
    What a worker sees that does not speak for the group itself (``Report``).
``operator/told``
    What each address was told last, by a hash of the address, so that another worker can go on.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from app.values.notice import Report, Told

_REPORT: Final = "operator/report/"
TOLD_KEY: Final = b"operator/told"

T = TypeVar("T")

ToldByName = dict[str, list[Told]]


def report_key(worker: str) -> bytes:
    """Return the key of a worker's reports."""
    return f"{_REPORT}{worker}".encode()


def report_value(report: Report) -> bytes:
    """Return the value of a report's record."""
    return msgspec.json.encode(report)


def told_value(told: Mapping[str, Iterable[Told]]) -> bytes:
    """Return the value of the record of what each address was told."""
    return msgspec.json.encode({name: list(each) for name, each in told.items()})


def read_report(key: bytes | None, value: bytes | None) -> Report | None:
    """Return a report; None for any other record, and for one of a version to come."""
    if not (key or b"").startswith(_REPORT.encode()):
        return None
    return _decoded(value, Report)


def read_told(key: bytes | None, value: bytes | None) -> ToldByName | None:
    """Return what each address was told; None for any other record."""
    return _decoded(value, ToldByName) if key == TOLD_KEY else None


def _decoded(value: bytes | None, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(value or b"", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
