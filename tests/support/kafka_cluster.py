"""Apache Kafka for tests: a cluster of one's own on loopback, or one that is already there."""

import asyncio
import base64
import contextlib
import os
import random
import shutil
import signal
import socket
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from tests.support.kafka_broker import Broker

READY_TIMEOUT = 90.0
REQUEST_TIMEOUT = 10.0
POLL_INTERVAL = 0.1
LOG_LINES = 40
# Below those that systems give to outgoing connections: none of these takes the port of a broker
# that is down.
PORTS = range(20_000, 32_000)
JVM = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # starts sooner
    "-Dlog4j2.level=INFO",
)


class Kafka:
    """A Kafka that tests can use."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap  # ``host:port,…``

    @contextlib.asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        """A connected admin client.

        Raises:
            KafkaError: No broker can be reached.
        """
        async with admin_client(self.bootstrap) as admin:
            yield admin

    async def create_topic(
        self,
        name: str,
        *,
        partitions: int = 4,
        replication_factor: int | None = None,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """Creates a topic, and waits for its leaders.

        Args:
            name: Of the topic.
            partitions: How many.
            replication_factor: Of each; the brokers' own, which is 1, if left out. A topic that
                is to be there while a broker is not needs 3.
            config: Its settings.

        Raises:
            KafkaError: The brokers refuse it.
            TimeoutError: It has no leaders in time.
        """
        # With empty assignments aiokafka passes the -1 on, which leaves the factor to the brokers.
        topic = (
            NewTopic(name, partitions, -1, replica_assignments={}, topic_configs=config)
            if replication_factor is None
            else NewTopic(name, partitions, replication_factor, topic_configs=config)
        )
        async with self.admin() as admin:
            response = await admin.create_topics([topic])
            for _, code, message in response.topic_errors:
                if code:
                    raise for_code(code)(message)

            async def led() -> bool:
                [topic] = await admin.describe_topics([name])
                leaders = [partition["leader"] for partition in topic["partitions"]]
                return len(leaders) == partitions and min(leaders) >= 0

            await until(led, f"topic {name} with its leaders")


class KafkaCluster(Kafka):
    """Brokers of one's own, in KRaft mode on loopback, each broker and controller at once.

    Brokers are named by their id in Kafka, from 0 (so the answer of ``find_coordinator`` is one
    that can be killed). They keep ports and data from one start to the next, and end with this
    process, however it ends. Every action waits for its effect: what starts serves, what stops
    has ended. With three brokers one can be away, as far as topics are concerned that were created
    with three replicas.

    Use as an asynchronous context manager, which starts it, and at the end kills the brokers and
    removes their data; configuration and logs stay.

    Args:
        folder: Where configuration, data and logs go.
        java: The ``java`` launcher.
        jars: The folder with Kafka's jars.
        brokers: How many, 1 or 3.
        users: Passwords of users that log in (SASL PLAIN) at ``guarded`` and may do nothing that
            nobody allows them; whoever does not log in, at ``bootstrap``, may do everything.
        advertised: ``host:port`` that a single broker gives to its clients instead of its own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        java: Path,
        jars: Path,
        brokers: int = 3,
        users: Mapping[str, str] | None = None,
        advertised: str | None = None,
    ) -> None:
        ports = free_ports(3 * brokers)
        self._guarded = [f"127.0.0.1:{port}" for port in ports[2 * brokers :]]
        # ``host:port,…`` where users log in, if there are any
        self.guarded = ",".join(self._guarded)
        self._users = users or {}
        self._advertised = advertised
        command = (java, *JVM, "-cp", f"{jars}/*")
        self._brokers = [
            Broker(command, node, ports[2 * node], ports[2 * node + 1], folder / f"broker-{node}")
            for node in range(brokers)
        ]
        super().__init__(",".join(broker.address for broker in self._brokers))

    async def __aenter__(self) -> Self:
        """Formats the brokers' storage and starts them."""
        try:
            # An id of its own: brokers of another cluster that come upon a port are turned away.
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            async with asyncio.TaskGroup() as formatting:
                for broker in self._brokers:
                    properties = server_properties(broker, self._brokers)
                    if self._users:
                        address = self._guarded[broker.node_id]
                        properties += guard_properties(broker, address, self._users)
                    formatting.create_task(broker.format(cluster_id, properties))
            if self._advertised is not None:
                self.advertise(0, self._advertised)
            await self.start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends the brokers and removes their data."""
        await self._end()

    async def start(self) -> None:
        """Starts every broker that is down and resumes every one that is paused."""
        for broker in self._brokers:
            if broker.running:
                broker.signal(signal.SIGCONT)
            else:
                broker.launch()
        await self._until_ready()

    async def start_broker(self, node: int) -> None:
        """Starts a broker that is down.

        Raises:
            TimeoutError: It does not serve in time; alone of three it never does.
        """
        self._brokers[node].launch()
        await self._until_ready()

    async def stop_broker(self, node: int) -> None:
        """Stops a broker in good order: it hands its partitions over first."""
        self._brokers[node].signal(signal.SIGTERM)
        await self._brokers[node].ended()

    async def kill_broker(self, node: int) -> None:
        """Kills a broker, paused or not."""
        self._brokers[node].signal(signal.SIGKILL)
        await self._brokers[node].ended()

    def pause_broker(self, node: int) -> None:
        """Makes a broker hang: connections stay open, nothing answers."""
        self._brokers[node].signal(signal.SIGSTOP)

    def advertise(self, node: int, address: str) -> None:
        """Lets a broker that is down give its clients another address from its next start on."""
        self._brokers[node].advertise(address)

    def address(self, node: int) -> str:
        """``host:port`` where a broker listens, whatever it gives to its clients."""
        return self._brokers[node].address

    async def resume_broker(self, node: int) -> None:
        """Lets a paused broker go on."""
        self._brokers[node].signal(signal.SIGCONT)
        await self._until_ready()

    async def cut_log(self, topic: str, partition: int, share: float) -> None:
        """Takes the end off a log of one replica, as a broker does that loses power.

        Args:
            topic: Its name.
            partition: Its number.
            share: Of the bytes of the newest segment, how much is lost.
        """
        async with self.admin() as admin:
            [described] = await admin.describe_topics([topic])
        (node,) = described["partitions"][partition]["replicas"]
        await self.kill_broker(node)
        segment = max(self._brokers[node].data.glob(f"{topic}-{partition}/*.log"))
        os.truncate(segment, int(segment.stat().st_size * (1 - share)))
        await self.start_broker(node)

    def log_tail(self) -> str:
        """The last lines of every broker's log, each under its file's name."""
        return "\n".join(broker.log_tail(LOG_LINES) for broker in self._brokers)

    async def _until_ready(self) -> None:
        running = [broker for broker in self._brokers if broker.running]
        nodes = {broker.node_id for broker in running}

        async def ready() -> bool:
            for broker in running:
                if broker.exit_status is not None:
                    raise ChildProcessError(f"broker {broker.node_id} ended: {broker.exit_status}")
                if not await serves(broker, nodes):
                    return False
            return True

        try:
            await until(ready, f"brokers {sorted(nodes)} to serve")
        except (ChildProcessError, TimeoutError) as error:
            error.add_note(self.log_tail())
            raise

    async def _end(self) -> None:
        for broker in self._brokers:
            if broker.running:
                broker.signal(signal.SIGKILL)
            await broker.ended()
            shutil.rmtree(broker.data, ignore_errors=True)


@contextlib.asynccontextmanager
async def admin_client(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client, closed at the end."""
    client = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=int(REQUEST_TIMEOUT * 1000)
    )
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def serves(broker: Broker, nodes: set[int]) -> bool:
    """Whether this broker itself knows `nodes`, and them as in sync with every partition."""
    try:
        # Knocking first keeps aiokafka's errors about a closed port out of the tests' logs.
        _, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        writer.close()
        async with admin_client(broker.address) as admin:
            cluster = await admin.describe_cluster()
            topics = await admin.describe_topics()
    except (KafkaError, OSError):
        return False
    replicated = all(
        nodes & {*partition["replicas"]} <= {*partition["isr"]} and partition["leader"] in nodes
        for topic in topics
        for partition in topic["partitions"]
        if nodes & {*partition["replicas"]}
    )
    return replicated and nodes <= {each["node_id"] for each in cluster["brokers"]}


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Asks again and again until the condition holds.

    Raises:
        TimeoutError: It did not within `READY_TIMEOUT`.
    """
    deadline = time.monotonic() + READY_TIMEOUT
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {READY_TIMEOUT:.0f} s for {what}")
        await asyncio.sleep(POLL_INTERVAL)


def server_properties(broker: Broker, cluster: list[Broker]) -> str:
    """The configuration of one broker: Kafka's defaults, but for ports, memory and few brokers."""
    copies = min(3, len(cluster))
    properties = {
        "process.roles": "broker,controller",
        "node.id": broker.node_id,
        "controller.quorum.voters": ",".join(
            f"{each.node_id}@127.0.0.1:{each.controller_port}" for each in cluster
        ),
        "listeners": f"CLIENT://{broker.address},CONTROLLER://127.0.0.1:{broker.controller_port}",
        "advertised.listeners": f"CLIENT://{broker.address}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": broker.data,
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": min(2, copies),
        "transaction.state.log.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": min(2, copies),
        "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,  # of 128 MiB, per broker
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def guard_properties(broker: Broker, address: str, users: Mapping[str, str]) -> str:
    """What a broker needs besides, to let users in by their passwords and no further."""
    passwords = " ".join(f'user_{user}="{password}"' for user, password in users.items())
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
    properties = {
        "listeners": f"CLIENT://{broker.address},GUARDED://{address},"
        f"CONTROLLER://127.0.0.1:{broker.controller_port}",
        "advertised.listeners": f"CLIENT://{broker.address},GUARDED://{address}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,GUARDED:SASL_PLAINTEXT,"
        "CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.guarded.plain.sasl.jaas.config": f"{plain} required {passwords};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def free_ports(count: int) -> list[int]:
    """Ports of loopback on which nothing listens."""
    ports: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise OSError("no free ports left")
