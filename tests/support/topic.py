"""A topic to write to, for tests that read one."""

import struct
from collections.abc import Mapping, Sequence
from typing import Self

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from app.edges.kafka.connection import Connection
from app.values.record import Headers
from app.values.replay import Place, ReplayMark

START = 1_767_268_800_000  # 2026-01-01T12:00:00Z in milliseconds
CONTROL_BATCH = 0x20
CRC_AT, ATTRIBUTES_AT = 17, 21  # in the header of a record batch


async def no_marks() -> Mapping[Place, ReplayMark]:
    """Return the marks of a topic of which nothing was replayed."""
    return {}


async def make_topics(address: str, *names: str) -> None:
    """Make topics on the embedded broker: clients of this service make none by naming them."""
    client = AIOKafkaClient(bootstrap_servers=address)
    try:
        await client.bootstrap()
        await client.send(client.get_random_node(), MetadataRequest(list(names), True))
    finally:
        await client.close()


class Topic:
    """Writes to a topic of a broker that creates it when asked, as the embedded one does."""

    def __init__(self, address: str, name: str = "notifications.dlq") -> None:
        self.name = name
        # for the reader under test
        self.connection = Connection(address, {"bootstrap_servers": address})
        self._producer = AIOKafkaProducer(
            bootstrap_servers=address, max_request_size=4_000_000, max_batch_size=4_000_000
        )

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._producer.stop()

    async def make(self) -> None:
        """Make the topic, as the first record does."""
        await make_topics(self.connection.bootstrap_servers, self.name)

    async def write(
        self,
        value: bytes,
        *,
        partition: int = 0,
        second: float = 0,
        headers: Headers = (),
        key: bytes | None = None,
    ) -> None:
        """Write one record, that many seconds after noon."""
        await self.make()
        await self._producer.send_and_wait(
            self.name,
            value,
            key=key,
            partition=partition,
            timestamp_ms=START + int(second * 1000),
            headers=list(headers),
        )

    async def write_many(
        self, values: Sequence[bytes], *, partition: int = 0, headers: Headers = ()
    ) -> None:
        """Write records a second apart, as one batch."""
        await self.make()
        batch = self._producer.create_batch()
        for number, value in enumerate(values):
            assert batch.append(
                key=None, value=value, timestamp=START + number * 1000, headers=list(headers)
            )
        await (await self._producer.send_batch(batch, self.name, partition=partition))

    async def write_marker(self, partition: int = 0) -> None:
        """Write what ends a transaction: it takes an offset and is no record."""
        builder = DefaultRecordBatchBuilder(2, 0, 1, 1, 0, -1, 1000)
        builder.append(0, START, struct.pack(">hh", 0, 1), struct.pack(">hi", 0, 0), [])
        batch = bytearray(builder.build())
        (attributes,) = struct.unpack_from(">h", batch, ATTRIBUTES_AT)
        struct.pack_into(">h", batch, ATTRIBUTES_AT, attributes | CONTROL_BATCH)
        await self._write_batch(batch, partition)

    async def write_header_name(self, name: bytes) -> None:
        """Write a record with a header of that name, whatever its bytes."""
        builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1000)
        builder.append(0, START, None, None, [("#" * len(name), b"")])
        batch = bytearray(builder.build()).replace(b"#" * len(name), name)
        await self._write_batch(batch, 0)

    async def write_corrupt(self) -> None:
        """Write a batch whose check sum is wrong; real brokers find it on disk alone."""
        builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1000)
        builder.append(0, START, None, b"corrupt", [])
        batch = bytearray(builder.build())
        batch[CRC_AT] ^= 0xFF
        await self._send_batch(batch, 0)

    async def _write_batch(self, batch: bytearray, partition: int) -> None:
        struct.pack_into(">I", batch, CRC_AT, calc_crc32c(bytes(batch[ATTRIBUTES_AT:])))
        await self._send_batch(batch, partition)

    async def _send_batch(self, batch: bytearray, partition: int) -> None:
        await self.make()
        client = AIOKafkaClient(bootstrap_servers=self.connection.bootstrap_servers)
        await client.bootstrap()
        try:
            await client.set_topics([self.name])
            request = ProduceRequest(None, -1, 1000, [(self.name, [(partition, bytes(batch))])])
            leader = client.cluster.leader_for_partition(TopicPartition(self.name, partition))
            response = await client.send(leader, request)
            [(_, [(_, error, *_)])] = response.topics
            assert error == 0
        finally:
            await client.close()
