"""How to reach Kafka: the options that every aiokafka client of this service shares."""

from typing import Any

import msgspec

from app.edges.kafka.identity import ClusterIdentity

CLIENT_ID = "notification-worker"
METADATA_MAX_AGE = 30
"""Seconds in which a topic that was deleted, or has more partitions, is noticed."""


class Connection(msgspec.Struct, frozen=True):
    """The brokers' addresses and the credentials."""

    bootstrap_servers: str  # ``host:port,…``; for the embedded broker its real address
    # Keyword arguments of every aiokafka client. Holds secrets: never shown.
    options: dict[str, Any]
    embedded: bool = False  # the embedded broker knows no topic creation, and no settings of topics
    # which cluster it is, once a broker has told
    identity: ClusterIdentity = msgspec.field(default_factory=ClusterIdentity)

    def __repr__(self) -> str:
        return f"Connection({self.bootstrap_servers!r})"
