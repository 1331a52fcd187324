"""A broker for the tests of Kafka's edge; some make one of their own."""

from collections.abc import AsyncIterator

import pytest

from app.edges.embedded_broker import EmbeddedBroker
from tests.support.topic import Topic


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    """A running broker."""
    async with EmbeddedBroker() as started:
        yield started


@pytest.fixture
async def topic(broker: EmbeddedBroker) -> AsyncIterator[Topic]:
    """A topic with four partitions, once it was written to."""
    async with Topic(broker.address) as made:
        yield made
