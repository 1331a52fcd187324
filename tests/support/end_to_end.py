"""Fixtures of the end-to-end tests; ``broker`` decides what they run on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.values.record import Headers
from tests.support.http_server import HttpServer, http_server
from tests.support.service import ServiceProcess

LOOPBACK = '["127.0.0.0/8"]'


class World:
    """One test's topic and group on the broker, and the services that it started."""

    def __init__(self, bootstrap: str | None, folder: Path, stack: AsyncExitStack) -> None:
        name = f"e2e-{uuid4().hex[:8]}"
        self.bootstrap = bootstrap  # where real Kafka is; None stands for the embedded broker
        self.topic = "notifications" if bootstrap is None else name  # the consumed topic
        self.group = "notification_worker_group" if bootstrap is None else f"{name}-group"
        # environment variables that every service of this test gets
        self.settings: dict[str, str] = {"NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": LOOPBACK}
        if bootstrap is not None:
            self.settings |= {
                "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": bootstrap,
                "NOTIFIER_KAFKA__TOPICS": self.topic,
                "NOTIFIER_KAFKA__GROUP_ID": self.group,
                "NOTIFIER_KAFKA__DEAD_LETTER_TOPIC": f"{name}.dlq",
                "NOTIFIER_KAFKA__PARTITIONS": "4",
                "NOTIFIER_INBOX": "true",
            }
        self._folder = folder
        self._stack = stack

    async def service(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        command: tuple[str, ...] | None = None,
        ready: bool = True,
        measured: bool = False,
    ) -> ServiceProcess:
        """Start the service, and wait until it has joined.

        Args:
            settings: Environment variables beside the world's.
            command: What Python runs instead of uvicorn.
            ready: Whether to wait.
            measured: Whether coverage is measured in it.
        """
        home = self._folder / uuid4().hex
        home.mkdir()
        given = {**self.settings, **(settings or {})}
        process = ServiceProcess(home, given, command, measured=measured)
        self._stack.push_async_callback(process.close)
        await process.start()
        if ready:
            await process.ready()
        return process

    def on_end(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something when the test has ended."""
        self._stack.push_async_callback(act)

    async def publisher(
        self, service: ServiceProcess | None, bootstrap: str | None = None
    ) -> Callable[..., Awaitable[None]]:
        """Return what writes record values to the topic, over TCP like any other producer.

        Args:
            service: Whose embedded broker it is, where there is no other.
            bootstrap: Where to, if it is not where the services are.
        """
        bootstrap = bootstrap or self.bootstrap
        if bootstrap is None:
            assert service is not None
            bootstrap = (await service.stats())["broker"]
        connection = Connection(bootstrap, {"bootstrap_servers": bootstrap})
        producer = Producer(connection)
        self._stack.push_async_callback(producer.close)

        async def publish(
            *values: bytes | dict[str, Any], key: bytes | None = None, headers: Headers = ()
        ) -> None:
            for value in values:
                encoded = value if isinstance(value, bytes) else msgspec.json.encode(value)
                await producer.send(self.topic, key, encoded, headers)

        return publish


@pytest.fixture
def broker() -> str | None:
    """The embedded broker; where these tests run on real Kafka, its address."""
    return None


@pytest.fixture
async def world(broker: str | None, tmp_path: Path) -> AsyncIterator[World]:
    """A topic, a group, and the services of one test."""
    async with AsyncExitStack() as stack:
        yield World(broker, tmp_path, stack)


@pytest.fixture
def no_inbox(world: World) -> None:
    """Services without the inbox: with it a start takes a third longer."""
    world.settings["NOTIFIER_INBOX"] = "false"


@pytest.fixture
async def hooks() -> AsyncIterator[HttpServer]:
    """A real HTTP server that records what it is sent."""
    async with http_server() as server:
        yield server
