"""What happens to a run."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.ledger.faults.books import (
    books_in_short,
    dead_letters_unwritable,
    metadata_corrupted,
    offsets_forgotten,
)
from tests.ledger.faults.brokers import (
    all_brokers_away,
    brokers_in_short,
    brokers_moved,
    brokers_restarted,
    coordinator_killed,
    topic_refused,
)
from tests.ledger.faults.destinations import destinations_in_short, moody
from tests.ledger.faults.versions import rolled_back_and_upgraded
from tests.ledger.faults.workers import (
    clocks_apart,
    frozen,
    joined_and_left,
    killed,
    terminated,
    workers_in_short,
)
from tests.ledger.recorder import Mood
from tests.ledger.run import Fault, Traffic


class Ordeal(NamedTuple):
    """A fault, and what flows while it happens."""

    fault: Fault
    traffic: Traffic = Traffic()


ALL: Mapping[str, Ordeal] = {
    "SIGTERM in rotation": Ordeal(terminated),
    "SIGKILL in rotation": Ordeal(killed),
    "SIGSTOP past the session": Ordeal(frozen),
    "join and leave": Ordeal(joined_and_left),
    "clocks an hour apart": Ordeal(clocks_apart),
    "older version and back": Ordeal(rolled_back_and_upgraded),
    "brokers restarted": Ordeal(brokers_restarted),
    "coordinator killed": Ordeal(coordinator_killed),
    "all brokers away": Ordeal(all_brokers_away(60.0)),
    "brokers move": Ordeal(brokers_moved),
    "topics refused": Ordeal(topic_refused, Traffic(guarded=True)),
    "offsets forgotten": Ordeal(offsets_forgotten),
    "commit metadata corrupted": Ordeal(metadata_corrupted),
    "dead letters unwritable": Ordeal(dead_letters_unwritable, Traffic(damage=0.05)),
    "damaged records": Ordeal(terminated, Traffic(damage=0.1)),
    "records of 1.25 MB": Ordeal(moody(20.0, Mood.FAILING), Traffic(damage=0.02, bulk=0.02)),
    "hung, slow, reset, 429, 503": Ordeal(
        moody(45.0, Mood.HUNG, Mood.SLOW, Mood.RESETTING, Mood.LIMITING, Mood.FAILING)
    ),
    "hostile answers": Ordeal(
        moody(25.0, Mood.DRIPPING, Mood.TRICKLING, Mood.ENDLESS, Mood.OVERFULL, Mood.NO_HTTP)
    ),
}
"""Every fault by name."""

SHORT: Mapping[str, Ordeal] = {
    "workers": Ordeal(workers_in_short),
    "brokers": Ordeal(brokers_in_short),
    "destinations": Ordeal(destinations_in_short),
    "books": Ordeal(books_in_short, Traffic(damage=0.05)),
}
"""As few and as short as shows the same."""
