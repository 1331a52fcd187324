"""Warns if brokers of another cluster answer at addresses of this one."""

from typing import Final

from app.edges.kafka.connection import Connection
from app.engine.conditions import Conditions

KIND: Final = "another_cluster"


def say_strangers(connection: Connection, conditions: Conditions, *, stops_work: bool) -> None:
    """Show the addresses at which another cluster answered lately.

    Args:
        connection: Knows which cluster is meant, and who else was met.
        stops_work: Whether no broker of the right cluster was found.
    """
    identity = connection.identity
    conditions.replace(
        KIND,
        {
            address: f"{address} answers as a broker of the Kafka cluster {cluster_id}, and this"
            f" worker works with {identity.cluster_id}: nothing is taken from it or written to it."
            " If the change is meant, restart the worker; else correct"
            " NOTIFIER_KAFKA__BOOTSTRAP_SERVERS, the name server, or the brokers'"
            " advertised.listeners"
            for address, cluster_id in identity.strangers().items()
        },
        stops_work=stops_work,
    )
