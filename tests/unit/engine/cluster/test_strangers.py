"""Brokers of another cluster: named with both clusters, until they are not met any more."""

from app.edges.kafka.connection import Connection
from app.engine.cluster.strangers import say_strangers
from app.engine.conditions import Conditions


def test_an_address_that_leads_to_another_cluster_is_named() -> None:
    """It is a problem if nobody else was found."""
    connection = Connection("ours:9092", {})
    conditions = Conditions(lambda: 0.0)
    connection.identity.accepts("ours:9092", "A")
    say_strangers(connection, conditions, stops_work=False)
    assert not conditions.snapshot()
    connection.identity.accepts("moved:9092", "B")
    say_strangers(connection, conditions, stops_work=False)
    (condition,) = conditions.snapshot()
    assert condition.subject == "moved:9092"
    assert "answers as a broker of the Kafka cluster B" in condition.text
    assert "works with A" in condition.text
    assert not condition.stops_work
    say_strangers(connection, conditions, stops_work=True)
    assert conditions.problem == condition.text
    connection.identity.forget()
    say_strangers(connection, conditions, stops_work=False)
    assert not conditions.snapshot()
