"""The way to the brokers: who answers, of which cluster, and how often they are asked."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiokafka.structs import BrokerMetadata

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.client import Client
from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.identity import ClusterIdentity
from app.values.errors import KafkaUnavailableError
from tests.support.service import free_port


@pytest.fixture
async def client(broker: EmbeddedBroker) -> AsyncIterator[Client]:
    """A client that knows its brokers."""
    made = Client(Connection(broker.address, {"bootstrap_servers": broker.address}), 5_000)
    await made.bootstrap()
    yield made
    await made.close()


async def test_where_no_broker_is_it_is_said_what_became_of_each_address() -> None:
    """In the system's words: aiokafka says that it was unable to bootstrap, and logs the rest."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as other:
        port, nobody = other.sockets[0].getsockname()[1], free_port()
        servers = f"localhost:{nobody},no-such-host.invalid:9092,127.0.0.1:{port}"
        client = Client(Connection(servers, {"bootstrap_servers": servers}), 5_000)
        with pytest.raises(KafkaUnavailableError) as caught, translated("look"):
            await client.bootstrap()
        await client.close()
    hung_up, refused, unknown = str(caught.value).split("; ")
    assert hung_up.startswith(f"Kafka did not look: no broker can be reached: 127.0.0.1:{port}: ")
    assert refused == f"localhost:{nobody}: Connection refused"
    assert unknown.startswith("no-such-host.invalid:9092: ")
    assert "Errno" not in unknown


async def test_an_answer_is_noted(client: Client) -> None:
    """Requests and metadata: both show that somebody is there."""
    client.answered_at = 0.0
    await client.force_metadata_update()
    assert client.answered_at > 0.0
    client.answered_at = 0.0
    await client.coordinator_lookup(0, "group")
    assert client.answered_at > 0.0


async def test_a_broker_of_another_cluster_is_not_used(client: Client) -> None:
    """Its address was one of ours; records and commits of the two have nothing to do with another."""
    assert await client.ready(1)
    async with EmbeddedBroker() as other:
        host, port = other.address.split(":")
        client.cluster._brokers[1] = BrokerMetadata(1, host, int(port), None)
        await client._conns.pop((1, 0)).close()
        assert not await client.ready(1)
        strangers = client._identity.strangers()
    assert list(strangers) == [other.address]
    assert strangers[other.address] != client._identity.cluster_id


async def test_a_broker_that_breaks_off_is_not_used(client: Client) -> None:
    """It says nothing of its cluster, so it is as one that cannot be reached."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client.cluster._brokers[7] = BrokerMetadata(7, "127.0.0.1", port, None)
        assert not await client.ready(7)


async def test_metadata_is_asked_for_less_and_less_often(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a leader aiokafka asks again with every answer."""
    monkeypatch.setattr("app.edges.kafka.client.LONGEST_PAUSE", 0.2)
    await asyncio.sleep(0.2)
    began = time.monotonic()
    for _ in range(4):
        await client.force_metadata_update()
    assert time.monotonic() - began >= 0.05 + 0.1 + 0.2


async def test_closing_does_not_wait_for_who_is_gone(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written and never read would otherwise hold it up for ever."""
    monkeypatch.setattr("app.edges.kafka.client.CLOSE_TIMEOUT", 0.1)
    assert await client.ready(1)
    transport = client._conns[1, 0]._writer.transport
    transport.pause_reading()
    stuck = asyncio.get_running_loop().create_future()
    client._conns[1, 0]._closed_fut = stuck
    async with asyncio.timeout(5):
        await client.close()
    assert transport.is_closing()


def test_the_first_cluster_is_ours_until_it_is_forgotten() -> None:
    """A worker that is started anew takes the cluster that it finds."""
    identity = ClusterIdentity()
    assert identity.accepts("one:9092", "A")
    assert not identity.accepts("two:9092", "B")
    assert identity.accepts("old:9092", None)
    assert identity.strangers() == {"two:9092": "B"}
    assert identity.accepts("two:9092", "A")
    assert not identity.strangers()
    identity.forget()
    assert identity.accepts("two:9092", "B")


def test_a_stranger_that_is_not_met_again_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses that nobody names any more are nobody's trouble."""
    identity = ClusterIdentity()
    identity.accepts("one:9092", "A")
    identity.accepts("two:9092", "B")
    monkeypatch.setattr("app.edges.kafka.identity.KEPT", -1.0)
    assert not identity.strangers()
