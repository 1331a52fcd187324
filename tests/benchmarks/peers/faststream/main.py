"""FastStream as fast as it delivers at least once.

A batch subscriber that acknowledges when the whole batch is answered: concurrency inside a
partition is otherwise to be had only with ``AckPolicy.ACK_FIRST``, which loses what was under way
when the process dies. Values stay bytes until msgspec decodes them, since FastStream's own decoder
and its validation of arguments cost more than all the rest.
"""

import asyncio
import os
import random

import aiohttp
import msgspec
import uvloop
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

IN_FLIGHT = int(os.environ["BENCH_IN_FLIGHT"])
# Enough that the wait for a batch's last answer weighs little.
BATCH = 16 * IN_FLIGHT
TIMEOUT = aiohttp.ClientTimeout(total=10)
LONGEST_DELAY = 60.0


class Metadata(msgspec.Struct):
    """Of an envelope."""

    title: str | None = None


class Target(msgspec.Struct):
    """Of an envelope: ``kwargs``."""

    webhook_url: str
    url: str | None = None


class Envelope(msgspec.Struct):
    """What is on the topic."""

    message_id: str
    content: str
    timestamp: str
    kwargs: Target
    content_type: str = "text"
    priority: int = 1
    metadata: Metadata = msgspec.field(default_factory=Metadata)


class Data(msgspec.Struct, omit_defaults=True):
    """Of a body."""

    message_id: str
    content: str
    content_type: str
    priority: int
    title: str | None = None
    url: str | None = None


class Body(msgspec.Struct):
    """The Standard Webhooks form."""

    timestamp: str
    data: Data
    type: str = "notification"


decode = msgspec.json.Decoder(Envelope).decode
encode = msgspec.json.Encoder().encode


async def as_it_came(message: KafkaMessage) -> object:
    """A decoder that leaves the bytes alone."""
    return message.body


async def deliver(session: aiohttp.ClientSession, value: bytes) -> None:
    """POST until it is accepted, with exponential back-off and full jitter."""
    envelope = decode(value)
    data = Data(
        message_id=envelope.message_id,
        content=envelope.content,
        content_type=envelope.content_type,
        priority=envelope.priority,
        title=envelope.metadata.title,
        url=envelope.kwargs.url,
    )
    body = encode(Body(envelope.timestamp, data))
    attempt = 0
    while True:
        try:
            async with session.post(envelope.kwargs.webhook_url, data=body) as response:
                await response.read()
                if response.ok:
                    return
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(random.uniform(0, min(LONGEST_DELAY, 2.0**attempt)))
        attempt += 1


async def main() -> None:
    """Run until SIGTERM."""
    broker = KafkaBroker(os.environ["BENCH_BOOTSTRAP"], logger=None, apply_types=False)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=TIMEOUT,
        headers={"Content-Type": "application/json"},
    )

    @broker.subscriber(  # type: ignore[untyped-decorator]  # it is not in mypy's environment
        os.environ["BENCH_TOPIC"],
        batch=True,
        group_id=os.environ["BENCH_GROUP"],
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        max_records=BATCH,
        batch_timeout_ms=100,
        fetch_max_wait_ms=100,
        decoder=as_it_came,
    )
    async def handle(values: list[bytes]) -> None:
        left = iter(values)

        async def work() -> None:
            for value in left:
                await deliver(session, value)

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))

    async with session:
        await FastStream(broker, logger=None).run()


if __name__ == "__main__":
    uvloop.run(main())
