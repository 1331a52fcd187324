"""The service under measure, and everything around it that may mean harm."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaProducer

from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from tests.bounds import corpus, destinations
from tests.support.http_server import Answer, HttpServer, http_server
from tests.support.odd_smtp import Odd, OddSmtp
from tests.support.raw_server import Talk, raw_server
from tests.support.service import ServiceProcess

PATIENCE = 60.0
CALLS = 17
"""Notifications for each destination: one more than it is called with at once."""
SOON = 0.1
"""Seconds in which answers come in, if they come at all."""
RECIPIENTS = "users:\n  u-1:\n    contacts:\n      - {type: email, address: u@mail.example}\n"


class Measured:
    """The service in a process of its own, with its meter.

    Attributes:
        service: The process.
        hooks: Where everything goes that names no other address.
        mails: Where mails go.
    """

    def __init__(
        self,
        service: ServiceProcess,
        hooks: HttpServer,
        mails: OddSmtp,
        broker: str,
        producer: Producer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.service = service
        self.hooks = hooks
        self.mails = mails
        self._broker = broker
        self._producer = producer
        self._reader = reader
        self._writer = writer

    async def steps(self) -> tuple[float, list[str]]:
        """Return the longest step since the last time, in milliseconds, and where it was."""
        said = await self._ask("steps")
        return said["ms"], said["where"]

    async def memory(self) -> tuple[int, int]:
        """Return the bytes of memory that are in use, and how many files are open."""
        said = await self._ask("memory")
        return said["bytes"], said["files"]

    async def publish(self, record: bytes, compression: str | None = None) -> None:
        """Write a record to the topic, however much it is before it is compressed."""
        if compression is None:
            await self._producer.send("notifications", b"k", record)
            return
        async with AIOKafkaProducer(
            bootstrap_servers=self._broker,
            compression_type=compression,
            max_request_size=2 * len(record),
        ) as producer:
            await producer.send_and_wait("notifications", record, b"k")

    async def settled(self) -> int:
        """Return how many records have gone out of the service's hands."""
        stats = await self.service.stats()
        counts = ("messages_consumed", "messages_deferred", "messages_duplicate")
        return sum(stats[name] for name in counts)

    async def digest(
        self, record: bytes, compression: str | None = None
    ) -> tuple[float, list[str]]:
        """Publish a record, wait until it is settled, and return the longest step meanwhile."""
        before = await self.settled()
        await self.steps()
        await self.publish(record, compression)
        await self._until_settled(before)
        return await self.steps()

    async def until_delivered(self) -> None:
        """Wait until somebody else's notification is delivered that was published now."""
        others = len(self.hooks.received) + 1
        other = corpus.envelope(kwargs={"webhook_url": self.hooks.url("/other")})
        await self.publish(corpus.encoded(other | {"channels": ["webhook"]}))
        await self.hooks.wait_for(others)

    async def call(self, name: str, talk: Talk) -> tuple[float, list[str]]:
        """Let a destination be called, many times at once, and somebody else's beside it.

        Returns:
            The longest step until the others were told.
        """
        await self.steps()
        async with raw_server(talk) as server:
            for path in destinations.PATHS:
                address = destinations.url(name, server.port, path)
                for number in range(CALLS):
                    told = corpus.envelope(f"{number}", kwargs={"webhook_url": address})
                    await self.publish(corpus.encoded(told | {"channels": ["webhook", "discord"]}))
            await self.until_delivered()
            await asyncio.sleep(SOON)
        return await self.steps()

    async def mail(self, odd: Odd) -> tuple[float, list[str]]:
        """Let the mail server be odd in one session, and by the book when the mail is tried again."""
        await self.mails.close_talks()  # of what is said at the beginning, too
        before, met = len(self.mails.taken), len(self.mails.talks)
        await self.steps()
        self.mails.odd = lambda talk, command: odd(talk, command) if talk.number == met else None
        told = corpus.envelope() | {"channels": ["email"]}
        await self.publish(corpus.encoded(told))
        await self._until(lambda: len(self.mails.talks) > met)
        await asyncio.sleep(SOON)
        await self.mails.close_talks()  # of those that say nothing more
        await self._until(lambda: len(self.mails.taken) > before)
        return await self.steps()

    async def get(self, path: str) -> tuple[float, list[str]]:
        """Ask for a page, and return the longest step meanwhile."""
        await self.steps()
        await self.service.client.get(path)
        return await self.steps()

    async def _until_settled(self, before: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while await self.settled() <= before:
            await self._wait(deadline)

    async def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            await self._wait(deadline)

    async def _wait(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing in {PATIENCE} s\n{self.service.log[-1500:]}")
        await asyncio.sleep(0.01)

    async def _ask(self, what: str) -> dict[str, Any]:
        self._writer.write(f"{what}\n".encode())
        said: dict[str, Any] = json.loads(await self._reader.readline())
        return said


def by_the_book(_talk: object, _command: str) -> None:
    """Let the mail server say what servers say."""


_A_YES = {"ok": True, "success": True, "id": 1}
"""What every chat service that records lead to takes for one."""


@asynccontextmanager
async def measured_service(
    folder: Path, more: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Measured]:
    """Start the service and what is around it.

    Args:
        folder: Empty.
        more: Settings beside those that lead to what is around it.
    """
    async with AsyncExitStack() as stack:
        hooks = await stack.enter_async_context(http_server(Answer.of_json(200, _A_YES)))
        mails = OddSmtp(by_the_book)
        await mails.start()
        stack.push_async_callback(mails.stop)
        (folder / "recipients.yaml").write_text(RECIPIENTS)
        settings = {
            "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            "NOTIFIER_WEBHOOK__SIGNING_SECRET": "whsec_" + "c2VjcmV0" * 6,
            "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/default"),
            "NOTIFIER_WEBHOOK__TIMEOUT": "2",
            "NOTIFIER_RETRY__BASE_DELAY": "0.1",
            "NOTIFIER_EMAIL__HOST": "127.0.0.1",
            "NOTIFIER_EMAIL__PORT": str(mails.port),
            "NOTIFIER_EMAIL__TLS": "none",
            "NOTIFIER_EMAIL__FROM_ADDRESS": "notifier@mail.example",
            "NOTIFIER_EMAIL__DEFAULT_TO": "you@mail.example",
            "NOTIFIER_INBOX": "false",
            "NOTIFIER_LOG__FILE": str(folder / "log"),
            "NOTIFIER_RECIPIENTS_FILE": str(folder / "recipients.yaml"),
        }
        settings |= more
        socket = str(folder / "meter")
        command = ("-m", "tests.bounds.service", "PORT", socket)
        service = ServiceProcess(folder, settings, command)
        stack.push_async_callback(service.close)
        await service.start()
        await service.ready()
        broker = (await service.stats())["broker"]
        producer = Producer(Connection(broker, {"bootstrap_servers": broker}))
        stack.push_async_callback(producer.close)
        reader, writer = await asyncio.open_unix_connection(socket)
        stack.callback(writer.close)
        yield Measured(service, hooks, mails, broker, producer, reader, writer)
