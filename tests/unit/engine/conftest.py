"""The stage that tests of the engine play on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.connection import Connection
from tests.support.stage import TOPIC, Stage
from tests.support.topic import make_topics


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """An embedded broker and what belongs to it."""
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(EmbeddedBroker())
        options = {"bootstrap_servers": broker.address, "client_id": "test"}
        connection = Connection(broker.address, options, embedded=True)
        made = Stage(broker, connection, stack)
        stack.push_async_callback(made.producer.close)
        await make_topics(broker.address, TOPIC)
        yield made
    await asyncio.sleep(0)
