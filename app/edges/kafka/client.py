"""aiokafka's connections to the brokers, and what they lack.

What aiokafka 0.14 does wrong, and what this module does about it:

* Callers cannot tell whether any broker still answers: each answer is noted.
* It asks only the brokers that it knows. When all of them have moved it never finds them again:
  the worker, once none answers, recreates the client from the bootstrap addresses.
* While a partition has no leader it asks for metadata as fast as brokers answer: it waits in
  between, longer each time.
* An address may belong to a broker of another cluster by now: each connection is asked for its
  cluster before it is used.
* It asks a random broker, even an unreachable one, what any could answer: a connected one is asked.
* It logs why an address does not lead to a broker, and raises that none does: each is asked once
  more for the reason.
* ``close`` may wait for ever for a connection whose other end is gone: it is bounded.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakSet

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, SyncGroupRequest
from aiokafka.protocol.metadata import MetadataRequest

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import NoBrokerError, why_not_connected
from app.edges.kafka.heavy_batches import MOST, lighten

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0
"""Seconds between requests for metadata that follow each other."""
CLOSE_TIMEOUT: Final = 1.0
REASON_TIMEOUT: Final = 3.0
"""Seconds in which an address that led to no broker has to tell the reason."""
_OF_A_CLIENT: Final = frozenset({"bootstrap_servers", "metadata_max_age_ms"})
"""Options that a single connection does not know."""
_OF_MEMBERS: Final = (HeartbeatRequest, SyncGroupRequest)
"""Requests that the coordinator refuses to whoever is not in the group's generation."""


class Client(AIOKafkaClient):  # type: ignore[misc]  # aiokafka ships no types
    """The connections of one aiokafka consumer, producer or admin client.

    Args:
        most_unpacked: Bytes that a fetched batch may unpack to; to aiokafka, those that may be more
            look too large to be fetched.

    Attributes:
        answered_at: Monotonic seconds when a broker last answered; at first, when it was made.
        on_fetch: Called with every answer to a fetch before anybody else sees it.
        confirmed_at: Monotonic seconds when the coordinator was last asked whether this is a member
            of the group's generation, and said yes; at first, when it was made.
        group_leader: The id of the member that leads the group, once it was joined.
    """

    on_fetch: Callable[[Any], None] | None = None
    group_leader: str | None = None

    def __init__(
        self, connection: Connection, request_timeout_ms: int, most_unpacked: int = MOST
    ) -> None:
        super().__init__(request_timeout_ms=request_timeout_ms, **connection.options)
        self.answered_at = self.confirmed_at = time.monotonic()
        self._most_unpacked = most_unpacked
        self._identity = connection.identity
        self._options = {
            name: value for name, value in connection.options.items() if name not in _OF_A_CLIENT
        }
        self._checked: WeakSet[AIOKafkaConnection] = WeakSet()
        self._updated_at = -LONGEST_PAUSE
        self._pause = 0.0

    async def bootstrap(self) -> None:
        """Learn the brokers from the first address that leads to one.

        Raises:
            NoBrokerError: None does.
        """
        try:
            await super().bootstrap()
        except KafkaConnectionError as error:
            places = sorted((host, port) for host, port, _ in self.hosts)
            reasons = await asyncio.gather(*(self._why_not(*place) for place in places))
            shown = "; ".join(
                f"{host}:{port}: {reason}"
                for (host, port), reason in zip(places, reasons, strict=True)
            )
            raise NoBrokerError(f"no broker can be reached: {shown}") from error

    async def _why_not(self, host: str, port: int) -> str:
        patience = int(REASON_TIMEOUT * 1000)
        try:
            connection = await create_conn(host, port, request_timeout_ms=patience, **self._options)
        except (OSError, KafkaError) as error:  # TimeoutError is an OSError
            return why_not_connected(error)
        connection.close()
        return "it takes connections, and names no brokers"

    async def send(
        self, node_id: int, request: Any, *, group: Any = ConnectionGroup.DEFAULT
    ) -> Any:
        """Send a request to a broker; return its answer, heavy batches left out."""
        answer = await self.send_whole(node_id, request, group=group)
        if isinstance(request, FetchRequest):
            lighten(answer, self._most_unpacked)
        return answer

    async def send_whole(
        self, node_id: int, request: Any, *, group: Any = ConnectionGroup.DEFAULT
    ) -> Any:
        """Send a request to a broker and return its answer."""
        sent_at = time.monotonic()
        answer = await super().send(node_id, request, group=group)
        self.answered_at = time.monotonic()
        if self.on_fetch is not None and isinstance(request, FetchRequest):
            self.on_fetch(answer)
        if isinstance(request, _OF_MEMBERS) and answer.error_code == 0:
            self.confirmed_at = sent_at
        if isinstance(request, JoinGroupRequest) and answer.leader_id:
            self.group_leader = answer.leader_id
        return answer

    def silent_for(self) -> float:
        """Return the seconds since a broker last answered."""
        return time.monotonic() - self.answered_at

    def unconfirmed_for(self) -> float:
        """Return the seconds since the coordinator was asked whether this is a member: it was."""
        return time.monotonic() - self.confirmed_at

    def knock(self) -> None:
        """Send any request: a member that waits for a rebalance hears nothing else."""
        self.force_metadata_update()

    def get_random_node(self) -> int | None:
        """Return a broker for a question that any can answer: a connected one, if possible."""
        connected = {node for (node, _), each in self._conns.items() if each.connected()}
        known = [broker.nodeId for broker in self.cluster.brokers()]
        usable = connected.intersection(known) or known
        return random.choice(list(usable)) if usable else None  # noqa: S311 - not a secret

    async def close(self) -> None:
        """Close every connection, by force if its other end does not answer."""
        writers = [each._writer for each in self._conns.values()]  # noqa: SLF001 - it has no public way to give up
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await super().close()
        except TimeoutError:
            for writer in filter(None, writers):
                writer.transport.abort()
            self._conns.clear()

    async def _metadata_update(self, cluster_metadata: Any, topics: Any) -> bool:
        idle = time.monotonic() - self._updated_at
        in_a_row = idle < LONGEST_PAUSE
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE) if in_a_row else 0.0
        await asyncio.sleep(self._pause)
        updated: bool = await super()._metadata_update(cluster_metadata, topics)
        self._updated_at = time.monotonic()
        if updated:
            self.answered_at = self._updated_at
        return updated

    async def _get_conn(self, node_id: Any, **options: Any) -> AIOKafkaConnection | None:
        connection = await super()._get_conn(node_id, **options)
        if connection is None or connection in self._checked:
            return connection
        if await self._is_ours(connection):
            self._checked.add(connection)
            return connection
        connection.close()
        self.force_metadata_update()  # as for one that cannot be reached
        return None

    async def _is_ours(self, connection: AIOKafkaConnection) -> bool:
        try:
            metadata = await connection.send(MetadataRequest([]))
        except (KafkaError, TimeoutError) as error:
            log.warning("a broker does not tell its cluster: %r", error)
            return False
        address = f"{connection.host}:{connection.port}"
        return self._identity.accepts(address, getattr(metadata, "cluster_id", None))


class _Consumer(AIOKafkaConsumer):  # type: ignore[misc]
    async def _wait_topics(self) -> None:
        """Wait until it is known who leads; a topic that may not be seen keeps no other waiting."""
        try:
            await super()._wait_topics()
        except TopicAuthorizationFailedError as error:
            log.warning("this user may not see the topic %s", error.args[0])


def new_consumer(
    connection: Connection,
    *,
    request_timeout_ms: int = 40_000,
    most_unpacked: int = MOST,
    **options: Any,
) -> AIOKafkaConsumer:
    """Return an aiokafka consumer over such a client, not yet started."""
    consumer = _Consumer(**options, **connection.options)
    consumer._client = Client(connection, request_timeout_ms, most_unpacked)  # noqa: SLF001 - nothing has used its own yet
    return consumer


def new_admin(connection: Connection, *, request_timeout_ms: int) -> AIOKafkaAdminClient:
    """Return an aiokafka admin client over such a client, not yet started."""
    admin = AIOKafkaAdminClient(request_timeout_ms=request_timeout_ms, **connection.options)
    admin._client = Client(connection, request_timeout_ms)  # noqa: SLF001 - as above
    return admin
