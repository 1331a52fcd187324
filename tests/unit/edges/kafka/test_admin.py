"""The admin connection: the addresses that a cluster gives its clients have to be right."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.values.errors import BrokersUnreachableError
from tests.support.service import free_port


@asynccontextmanager
async def advertising(broker: EmbeddedBroker, port: int) -> AsyncIterator[str]:
    """Yield an address where the broker answers, and says that it is to be found at a port."""
    host, own = broker.address.split(":")
    pumps: list[asyncio.Task[None]] = []

    async def pump(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, old: bytes, new: bytes
    ) -> None:
        while data := await reader.read(65536):
            writer.write(data.replace(old, new))
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_connection(host, int(own))
        told, wrong = struct.pack(">i", int(own)), struct.pack(">i", port)
        pumps.append(asyncio.create_task(pump(reader, downstream, b"", b"")))
        pumps.append(asyncio.create_task(pump(upstream, writer, told, wrong)))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        yield "{}:{}".format(*server.sockets[0].getsockname())
        for each in pumps:
            each.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def test_an_advertised_address_that_cannot_be_reached_is_named() -> None:
    """Whoever answers at the bootstrap address is not to blame, and neither is that setting."""
    port = free_port()
    async with EmbeddedBroker() as broker, advertising(broker, port) as bootstrap:
        with pytest.raises(BrokersUnreachableError) as caught:
            async with Admin(Connection(bootstrap, {"bootstrap_servers": bootstrap})):
                pass
    assert caught.value.addresses == (f"127.0.0.1:{port}",)
    assert f"Kafka answers at {bootstrap}" in str(caught.value)
    assert "advertised.listeners" in str(caught.value)
