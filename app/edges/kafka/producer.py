"""Records on their way into Kafka, acknowledged by all in-sync replicas."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, Literal

from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError

from app.edges.kafka.connection import METADATA_MAX_AGE, Connection
from app.edges.kafka.errors import RefusedRecordError, describe, translated
from app.edges.kafka.producer_batches import Entry, Place, Then
from app.edges.kafka.producer_client import ProducerClient
from app.values.errors import NotifierError
from app.values.record import Headers

log = logging.getLogger(__name__)

CLOSE_TIMEOUT: Final = 3.0
SILENCE: Final = 60.0
"""Seconds without an answer after which the brokers are looked for anew."""
INTERVAL: Final = 1.0
"""Seconds from one client to the next at least."""
LEAST_WAIT: Final = 0.05
LARGEST_RECORD: Final = 64 * 1024 * 1024
"""Bytes before compression. What a topic takes is for the broker to say, whose limits hold for
compressed batches: a fetched megabyte may hold a record of many. It is bounded because a request
of more than 100 MiB makes the broker hang up, again and again."""


class Producer:
    """An idempotent producer that connects on first use.

    Its client is recreated, from the bootstrap addresses, when no broker answers any more, and
    when it cannot be said whether a batch is in the log.

    Args:
        timeout: Seconds that ``send`` waits for an acknowledgement.
        patience: Seconds without an answer after which the client is recreated.
        compression: For topics of one's own. Of what may be chosen zstd is the smallest and next to
            the fastest: 6 µs a record, a fifth of its size (lz4: 10 µs and a quarter, gzip: 20 µs).
            Who else reads a topic may know no zstd.
        now: Seconds since the epoch, which records are stamped with.
        on_append: Called with the broker's time, in seconds since the epoch, when a topic with
            ``LogAppendTime`` took a record just now.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        timeout: float = 10.0,
        patience: float = SILENCE,
        compression: Literal["zstd"] | None = None,
        now: Callable[[], float] = time.time,
        on_append: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._timeout = timeout
        self._patience = patience
        self._stale_after = max(patience, 2 * METADATA_MAX_AGE)  # it asks for them of itself
        self._compression = compression
        self._now = now
        self._on_append = on_append
        self._client: ProducerClient | None = None
        self._made_at = -INTERVAL
        self._starting: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._helpers: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, list[Entry]] = {}

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> Place:
        """Write one record; return its place once every in-sync replica has it.

        Raises:
            KafkaUnavailableError: No acknowledgement in time; the record may or may not be there.
            KafkaRefusedError: Kafka answered no: too large, not allowed, no such topic.
        """
        with translated(f"acknowledge a record for {topic}"):
            async with asyncio.timeout(self._timeout):
                return await self.write(topic, key, value, headers)

    async def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> Place:
        """Write one record, however long that takes.

        A record that the client has taken is written as soon as that is possible. A caller that
        gave up and wrote it again would write it twice, so this waits as long as the client does.

        Raises:
            KafkaUnavailableError: The client has given up on it.
            KafkaRefusedError: As for ``send``.
        """
        written: asyncio.Future[Place] = asyncio.get_running_loop().create_future()

        def then(result: Place | Exception) -> None:
            if written.done():  # nobody waits for it any more
                return
            if isinstance(result, Exception):
                written.set_exception(result)
            else:
                written.set_result(result)

        self.begin(topic, key, value, headers, then)
        return await written

    def begin(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        then: Then,
        *,
        anywhere: bool = False,
        partition: int | None = None,
    ) -> None:
        """Write one record as ``write`` does, without a task: what is begun together goes together.

        Args:
            key: Says which partition; the same one for the same key.
            then: Called once, after this has returned, with the record's place or with one of
                the errors of ``write``. It must not raise.
            anywhere: Any partition will do, whatever the key.
            partition: This one, whatever the key.
        """
        if key is None and value is None:
            key = b""  # Kafka takes a record of headers alone, aiokafka does not
        told = partial(self._ended, topic, then)
        entry = Entry(key, value, list(headers), int(self._now() * 1000), told, anywhere, partition)
        client = self._client
        waiting = self._waiting.get(topic)
        if waiting is not None:
            waiting.append(entry)
        elif client is None or not client.knows(topic) or self._stale(client):
            self._waiting[topic] = [entry]
            _held(self._helpers, self._prepare(topic), f"begin to write to {topic}")
        else:
            try:
                client.write(topic, entry)
            except KafkaError as error:
                asyncio.get_running_loop().call_soon(told, error)

    def trouble_with(self, topic: str) -> str | None:
        """Say in Kafka's words why records for a topic are tried again and again, or None."""
        return None if self._client is None else self._client.trouble_with(topic)

    async def _prepare(self, topic: str) -> None:
        """Begin the writes that wait until a client is there and knows the topic."""
        failure: Exception = KafkaConnectionError("the producer was closed")
        ready: ProducerClient | None = None
        try:
            client = await self._started()
            await client.learn(topic)
            ready = client
        except (KafkaError, OSError, TimeoutError) as error:
            failure = error
        finally:
            for entry in self._waiting.pop(topic):
                try:
                    if ready is None:
                        raise failure
                    ready.write(topic, entry)
                except (KafkaError, OSError, TimeoutError) as error:
                    entry.then(error)

    def _ended(self, topic: str, then: Then, result: Place | Exception) -> None:
        """Tell the caller that waits for a record, in this service's own errors."""
        if not isinstance(result, Exception):
            then(result)
            return
        if isinstance(result, TopicAuthorizationFailedError):
            result = RefusedRecordError(f"this user may not write to {topic}: allow it Write on it")
        try:
            with translated(f"acknowledge a record for {topic}"):
                raise result
        except NotifierError as error:
            then(error)

    def _stale(self, client: ProducerClient) -> bool:
        return client.client.silent_for() >= self._stale_after

    async def _watch(self, client: ProducerClient) -> None:
        """Look for brokers anew once nobody answers while records wait."""
        while client is self._client:
            await asyncio.sleep(max(self._patience - client.silent_for(), LEAST_WAIT))
            self._judge(client)

    def _judge(self, client: ProducerClient) -> None:
        """Let another client take the place of one that is of no use any more."""
        if client is not self._client:
            return
        if client.silent_for() >= self._patience:
            why = f"no broker that it knows has answered for {self._patience:g} s"
            self._replace(why, client.abandon())
        elif client.spent:
            why = "it is not certain what Kafka has of a batch that failed"
            self._replace(why, _close(client))

    def _replace(self, why: str, end: Coroutine[Any, Any, None]) -> None:
        log.warning("recreating the Kafka producer: %s", why)
        self._client = None
        _held(self._endings, end, "end a Kafka producer")

    async def _started(self) -> ProducerClient:
        """Return the client; callers that come while it starts wait for the same one."""
        if self._client is not None and self._stale(self._client):
            self._replace("no broker that it knows answers", self._client.abandon())
        while self._client is None:
            if self._starting is None or self._starting.done():
                self._starting = asyncio.create_task(self._start(), name="start a Kafka producer")
                self._starting.add_done_callback(_seen)
            starting = self._starting
            await asyncio.wait((starting,))
            if starting.cancelled():
                raise KafkaConnectionError("the producer was closed")
            starting.result()
        return self._client

    async def _start(self) -> None:
        await asyncio.sleep(self._made_at + INTERVAL - time.monotonic())
        self._made_at = time.monotonic()
        client = ProducerClient(
            self._connection,
            request_timeout_ms=max(int(self._timeout * 1000), 1000),
            max_request_size=LARGEST_RECORD,
            compression_type=self._compression,
            appended=lambda milliseconds: self._on_append(milliseconds / 1000),
            failed=lambda: self._judge(client),
        )
        try:
            async with asyncio.timeout(self._timeout):
                await client.start()
        except BaseException:
            await client.abandon()
            raise
        self._client = client
        _held(self._helpers, self._watch(client), "watch a Kafka producer")

    async def close(self) -> None:
        """Flush and close, within a few seconds."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait((self._starting,))
        client, self._client = self._client, None
        if client is not None:
            await _close(client)
        for task in self._helpers:
            task.cancel()
        if tasks := self._helpers | self._endings:
            await asyncio.wait(tasks)


def _held(tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None], name: str) -> None:
    """Start a task that is held until it ends."""
    task = asyncio.create_task(work, name=name)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def _seen(task: asyncio.Task[None]) -> None:
    """Take note of an error: the caller may have given up before."""
    if not task.cancelled():
        task.exception()


async def _close(client: ProducerClient) -> None:
    """End its work, as far as that takes no more than a few seconds."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await client.stop()
    except (TimeoutError, KafkaError) as error:
        log.warning("the Kafka producer did not close cleanly: %s", describe(error))
        await client.abandon()
