"""The figures that page and events show at a glance, however many partitions there are."""

from collections import Counter
from collections.abc import Sequence

from app.values.snapshot import DestinationState, PartitionSnapshot, Snapshot, Status

SHUT = frozenset({DestinationState.GONE, DestinationState.DENIED, DestinationState.BROKEN})
ENOUGH = 10
"""Notifications from which on a success rate says something."""
MOST_PARTITIONS = 100
MOST_DESTINATIONS = 50


class Glance(Snapshot, frozen=True, kw_only=True):
    """The figures, with the most telling partitions and destinations, if there are very many.

    Attributes:
        signal: See ``signal_of``.
        shut: Whether some destination is asked nothing.
        destinations_gone, destinations_denied, destinations_broken: How many are.
        partition_count, destination_count: How many there are.
    """

    signal: str
    shut: bool
    destinations_gone: int
    destinations_denied: int
    destinations_broken: int
    partition_count: int
    destination_count: int


def glance_at(now: Snapshot) -> Glance:
    """Return what an event holds."""
    figures = {name: getattr(now, name) for name in now.__struct_fields__}
    partitions = partitions_of(now)
    destinations = now.destinations
    if len(destinations) > MOST_DESTINATIONS:
        worst = sorted(destinations.items(), key=lambda each: each[1].state not in SHUT)
        destinations = dict(worst[:MOST_DESTINATIONS])
    amiss = attention_to(now)
    figures |= {"partitions": most_lag_first(partitions), "destinations": destinations}
    return Glance(
        **figures,
        signal=signal_of(now),
        shut=any(amiss[state] for state in SHUT),
        destinations_gone=amiss[DestinationState.GONE],
        destinations_denied=amiss[DestinationState.DENIED],
        destinations_broken=amiss[DestinationState.BROKEN],
        partition_count=len(partitions),
        destination_count=len(now.destinations),
    )


def attention_to(now: Snapshot) -> Counter[DestinationState]:
    """Count the destinations that take nothing, by their states: somebody should look at them."""
    states = (each.state for each in now.destinations.values())
    return Counter(state for state in states if state in SHUT)


def mode_of(now: Snapshot) -> str:
    """Return the worker's status, with ``PAUSED`` for one that runs and does not fetch."""
    paused = now.paused and now.status is Status.RUNNING
    return "PAUSED" if paused else now.status.value


def signal_of(now: Snapshot) -> str:
    """Return the word for the operator: ``PROBLEM`` whenever ``/health`` has one.

    ``FAILING`` if most of what is sent fails: at least half of the destinations take nothing, or of
    ten notifications or more less than half were sent. Else the mode.
    """
    if now.problem:
        return "PROBLEM"
    shut = sum(each.state in SHUT for each in now.destinations.values())
    mostly_shut = shut > 0 and shut * 2 >= len(now.destinations)
    rate = now.success_rate
    mostly_lost = now.messages_consumed >= ENOUGH and rate is not None and rate < 0.5
    failing = now.status is Status.RUNNING and (mostly_shut or mostly_lost)
    return "FAILING" if failing else mode_of(now)


def partitions_of(now: Snapshot) -> Sequence[PartitionSnapshot]:
    """Return all of the consumed topics; of the retry topics, those with something in them."""
    return [
        each
        for each in now.partitions
        if each.topic in now.topics or each.lag or each.unsettled or each.waiting
    ]


def most_lag_first(partitions: Sequence[PartitionSnapshot]) -> tuple[PartitionSnapshot, ...]:
    """Return as many as are shown: those with most lag, if there are more."""
    if len(partitions) > MOST_PARTITIONS:
        partitions = sorted(partitions, key=lambda each: -(each.lag or 0))[:MOST_PARTITIONS]
    return tuple(partitions)
