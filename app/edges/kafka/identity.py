"""Makes sure that this process works with one Kafka cluster."""

import time
from collections.abc import Mapping
from typing import Final

KEPT: Final = 60.0
"""Seconds after which a broker of another cluster that was not met again is forgotten."""


class ClusterIdentity:
    """Knows the cluster by its id: the one of the first broker that answers.

    Offsets, commits and topics of one cluster mean nothing in another one, and an address may come
    to belong to another one while the worker runs.
    """

    def __init__(self) -> None:
        self.cluster_id: str | None = None  # as Kafka has it; None until a broker has told it
        self._strangers: dict[str, tuple[str, float]] = {}

    def accepts(self, address: str, cluster_id: str | None) -> bool:
        """Say whether a broker at ``host:port`` is of this cluster, as far as it tells."""
        if cluster_id is None:
            return True  # brokers before 0.10.1
        if self.cluster_id is None:
            self.cluster_id = cluster_id
        if cluster_id == self.cluster_id:
            self._strangers.pop(address, None)
            return True
        self._strangers[address] = cluster_id, time.monotonic()
        return False

    def strangers(self) -> Mapping[str, str]:
        """Return the addresses at which another cluster answered lately, with its id."""
        since = time.monotonic() - KEPT
        self._strangers = {
            address: met for address, met in self._strangers.items() if met[1] >= since
        }
        return {address: cluster_id for address, (cluster_id, _) in self._strangers.items()}

    def forget(self) -> None:
        """Begin anew: whichever cluster answers next is meant."""
        self.cluster_id = None
        self._strangers.clear()
