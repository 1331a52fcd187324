"""What page and events show of a fleet of any size."""

from msgspec.structs import replace

from app.faces.api.events import event
from app.faces.glance import MOST_DESTINATIONS, MOST_PARTITIONS, glance_at
from app.values.snapshot import DestinationSnapshot, DestinationState, PartitionSnapshot
from tests.support.fakes import SNAPSHOT

MOST_BYTES = 50_000


def test_an_event_stays_small_however_large_the_fleet() -> None:
    """With 2,000 destinations and 1,000 partitions; the failing ones and most lag are in it."""
    destination = DestinationSnapshot(
        "discord", DestinationState.OPEN, None, 0, 0, 1, 0, 0, 0, None
    )
    partition = PartitionSnapshot("notifications", 0, 1_000_000, 1_000_000, 1_000_000, 0, 0)
    states = {f"https://hooks.example/{number}/***#abcdef": destination for number in range(2000)}
    states["https://broken.example/***"] = replace(destination, state=DestinationState.BROKEN)
    partitions = tuple(replace(partition, partition=n, lag=n) for n in range(1000))
    large = replace(SNAPSHOT, destinations=states, partitions=partitions)
    glance = glance_at(large)
    assert len(event("stats", glance)) < MOST_BYTES
    assert next(iter(glance.destinations)) == "https://broken.example/***"
    assert len(glance.destinations) == MOST_DESTINATIONS
    assert [each.lag for each in glance.partitions] == list(range(999, 999 - MOST_PARTITIONS, -1))
    assert (glance.partition_count, glance.destination_count, glance.shut) == (1000, 2001, True)
    assert (glance.destinations_broken, glance.destinations_gone) == (1, 0)


def test_what_is_few_is_shown_as_it_is() -> None:
    """In the order of the figures."""
    glance = glance_at(SNAPSHOT)
    assert glance.destinations == SNAPSHOT.destinations
    assert set(glance.partitions) <= set(SNAPSHOT.partitions)
    assert glance.messages_sent == SNAPSHOT.messages_sent
