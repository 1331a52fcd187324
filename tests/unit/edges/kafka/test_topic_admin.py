"""Topics on the embedded broker, which knows few of the requests that are made about them."""

from collections.abc import AsyncIterator

import pytest

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.connection import Connection
from app.edges.kafka.survey import Survey
from app.values.rights import Right
from app.values.topic import TopicState, WantedTopic


@pytest.fixture
async def cluster() -> AsyncIterator[Survey]:
    """A connection to a running broker."""
    async with EmbeddedBroker() as broker:
        options = {"bootstrap_servers": broker.address}
        async with Survey(Connection(broker.address, options, embedded=True)) as survey:
            yield survey


async def test_a_topic_is_made_once(cluster: Survey) -> None:
    """What is there is left as it is."""
    for _ in range(2):
        assert await cluster.create([WantedTopic("a", 4)], None) == {"a": TopicState(4, 1)}
    assert await cluster.visible(["a", "b"]) == {"a": TopicState(4, 1)}


async def test_a_broker_that_does_not_know_a_request_costs_no_more_than_it(cluster: Survey) -> None:
    """Settings are said to be unchanged; a right that cannot be tried is not missed."""
    refused = await cluster.alter({"a": {"retention.ms": "1"}})
    assert "IncompatibleBrokerVersion" in refused["a"]
    assert await cluster.denied(Right.ALTER_CONFIGS, ["a"]) == frozenset()
    assert await cluster.denied(Right.DESCRIBE, ["a"]) == frozenset()
