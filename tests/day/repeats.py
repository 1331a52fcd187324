"""Why something arrived more than once, as the group's history and the workers' logs tell it.

What may arrive again is named in docs/guarantees.md. A repeat without one of these reasons is a
fault of the worker.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from app.edges.kafka.connection import Connection
from app.edges.kafka.log_reader import LogReader
from app.policies.books import history
from app.values.history import Entry, Try
from app.values.snapshot import AttemptStatus

SPAN = 1000
"""Records of the history that are read together."""
PATIENCE = 60.0
TELLING = 1.0
"""Seconds by which two records of when something happened may differ."""
UNREAD = 10.0
"""Seconds after which a stand-in has read what lay in its buffers when the worker hung up."""
HANDOVER = 30.0
"""Seconds that a rebalance takes at most, from the last request of whoever loses a partition."""
_UNHEARD = re.compile(r"no answer within|did not answer within|connection .*was lost")
_SECONDS = re.compile(r"[0-9.]+ s\b")
_GIVEN = "this worker has "


async def entries_of(
    connection: Connection, topic: str, ids: Collection[str]
) -> Mapping[str, Sequence[Entry]]:
    """Return what the history has of some notifications, by their ids."""
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    may_hold = history.may_hold(frozenset(ids))
    async with LogReader(connection, topic, PATIENCE) as log:
        offsets = (await log.ranges())[0]
        stop = offsets.stop
        while stop > offsets.start:
            start = max(stop - SPAN, offsets.start)
            wanted = {0: range(start, stop)}
            stretch = (await log.read(wanted, lambda record: may_hold(record.headers)))[0]
            stop = max(stretch.start, start)
            for record in stretch.records:
                batch = history.read(record.value, record.headers)
                for entry in batch.entries if batch else ():
                    if entry.id is not None and entry.id in ids:
                        found[entry.id].append(entry)
    return found


def is_handover(line: str) -> bool:
    """Say whether a line of a worker's log tells that it was given partitions."""
    return _GIVEN in line


def reasons(
    arrived: Sequence[float], told: Sequence[Entry], handovers: Sequence[float]
) -> Sequence[str | None]:
    """Return a reason for each time that something arrived beyond the first; None without any.

    Args:
        arrived: When it arrived, seconds since the epoch.
        told: What the history has of it.
        handovers: When some worker was given partitions, seconds since the epoch.
    """
    found = [
        f"accepted, and the worker did not hear it: {_SECONDS.sub('… s', made.error or '')}"
        for entry in told
        for made in entry.tries
        if _is_unheard(made, arrived)
    ]
    places = {entry.origin for entry in told}
    found += ["published twice: its producer did not hear that Kafka had it"] * (len(places) - 1)
    found += [
        "delivered, and its partition changed hands before that was committed"
        for at in sorted(arrived)[:-1]
        if any(at - TELLING <= given <= at + HANDOVER for given in handovers)
    ]
    repeats = len(arrived) - 1
    return [*found, *[None] * repeats][:repeats]


def _is_unheard(made: Try, arrived: Sequence[float]) -> bool:
    """Say whether an attempt may have led to one of the arrivals, although it failed."""
    if made.status is AttemptStatus.DELIVERED or made.duration is None or made.error is None:
        return False
    if not _UNHEARD.search(made.error):
        return False
    begun = made.at - made.duration
    return any(begun - TELLING <= at <= made.at + UNREAD for at in arrived)
