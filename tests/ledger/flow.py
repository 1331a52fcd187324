"""What is published in a run: numbered notifications to several destinations."""

import asyncio
import itertools
import random
import time
from dataclasses import dataclass

import msgspec

from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.values.errors import KafkaUnavailableError
from tests.ledger.recorder import Recorder

ID_HEADER = "test-id"
DESTINATIONS = 8
KEYS = 20
AT_ONCE = 200
BULK = ["1.25 MB once it is unpacked"] * 42_000


@dataclass(frozen=True)
class Published:
    """One notification.

    Attributes:
        partition, offset: Where it stands.
        at: Seconds since the epoch when Kafka had it.
        key: Its ordering key, or None.
    """

    partition: int
    offset: int
    at: float
    key: str | None


class Flow:
    """Publishes, however often Kafka is away meanwhile.

    Args:
        bootstrap: Where Kafka is.
        topic: Where to.
        recorder: The destinations.
        chance: Decides about each notification.
        damage: Share of records that nobody can deliver: no JSON, too large, no destination.
        bulk: Share of records that are larger than their topic takes, but for compression.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        recorder: Recorder,
        chance: random.Random,
        damage: float = 0.0,
        bulk: float = 0.0,
    ) -> None:
        self.published: dict[str, Published] = {}
        self._bootstrap = bootstrap
        self._topic = topic
        self._recorder = recorder
        self._chance = chance
        self._damage = damage
        self._bulk = bulk
        self._numbers = itertools.count()

    async def publish(self, count: int, rate: float, enough: asyncio.Event) -> None:
        """Publish at that rate a second, and wait until Kafka has all of them.

        Args:
            count: At least so many.
            rate: A second.
            enough: Go on until it is set.
        """
        # aiokafka's own would never get over a minute without brokers: it gives up on a batch that
        # has its number, and every later one is out of order.
        servers = {"bootstrap_servers": self._bootstrap}
        connection = Connection(self._bootstrap, servers)
        producer = Producer(connection, compression="zstd" if self._bulk else None)
        slots = asyncio.Semaphore(AT_ONCE)
        started = time.monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                for sent in itertools.count():
                    if sent >= count and enough.is_set():
                        break
                    await asyncio.sleep(started + sent / rate - time.monotonic())
                    await slots.acquire()
                    name = f"n{next(self._numbers)}"
                    sending = tasks.create_task(self._send(producer, name))
                    sending.add_done_callback(lambda _: slots.release())
        finally:
            await producer.close()

    async def _send(self, producer: Producer, name: str) -> None:
        key = f"k{self._chance.randrange(KEYS)}" if self._chance.random() < 0.3 else None
        destination = self._chance.randrange(DESTINATIONS)
        if key is not None:
            destination = int(key[1:]) % DESTINATIONS  # order holds at one destination
        value = self._value(name, key, destination)
        damaged = self._chance.random() < self._damage
        if damaged:
            value, key = self._damaged(), None
        while True:
            try:
                (_, partition), offset = await producer.write(
                    self._topic, (key or name).encode(), value, ((ID_HEADER, name.encode()),)
                )
            except KafkaUnavailableError:
                await asyncio.sleep(0.2)
                continue
            self.published[name] = Published(partition, offset, time.time(), key)
            return

    def _value(self, name: str, key: str | None, destination: int) -> bytes:
        message = {
            "content": name,
            "channels": ["webhook"],
            "priority": self._chance.randrange(4),
            "kwargs": {"webhook_url": self._recorder.url(destination)},
        }
        if key is not None:
            message |= {"ordering_key": key, "priority": 1}
        if self._chance.random() < 0.9:
            message["message_id"] = f"id-{name}"
        if self._chance.random() < self._bulk:
            message["rows"] = BULK
        return msgspec.json.encode(message)

    def _damaged(self) -> bytes:
        damaged = [
            b"\x00\xff no JSON",
            b"[" * 50_000,
            b'{"content": "nowhere", "channels": ["webhook"], "padding": "%s"}' % (b"x" * 900_000),
            b'{"message_type": "simple", "content": "x", "user_uuid": "nobody"}',
            self._chance.randbytes(1_000_000),
        ]
        if self._bulk:
            damaged.append(b"1.25 MB, " * 140_000)
        return self._chance.choice(damaged)
