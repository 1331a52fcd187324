"""One request per notification to a chat webhook: ``python -m tests.benchmarks.peers.one_by_one``.

What most bots do. It heeds the limit as well as can be: it waits when the answer says that nothing
is left, and as long as a 429 asks for. At least once: commits what was answered with 2xx.
"""

import asyncio
import os

import aiohttp
import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer

from tests.benchmarks.peers.bare.bodies import Envelope


class Embed(msgspec.Struct):
    """Of a message to a chat webhook."""

    title: str | None
    description: str
    url: str | None


class Message(msgspec.Struct):
    """What the webhook takes."""

    embeds: tuple[Embed, ...]


class Limit(msgspec.Struct):
    """The body of a 429."""

    retry_after: float


async def deliver(session: aiohttp.ClientSession, value: bytes) -> None:
    """POST one notification until it is accepted, and wait where the limit says so."""
    envelope = msgspec.json.decode(value, type=Envelope)
    embed = Embed(envelope.metadata.title, envelope.content, envelope.kwargs.url)
    body = msgspec.json.encode(Message((embed,)))
    while True:
        async with session.post(envelope.kwargs.webhook_url, data=body) as response:
            if response.status == 429:
                wait = msgspec.json.decode(await response.read(), type=Limit).retry_after
            else:
                response.raise_for_status()
                left = int(response.headers["X-RateLimit-Remaining"])
                wait = 0.0 if left else float(response.headers["X-RateLimit-Reset-After"])
        await asyncio.sleep(wait)
        if response.ok:
            return


async def run() -> None:
    """Consume until killed."""
    consumer = AIOKafkaConsumer(
        os.environ["BENCH_TOPIC"],
        bootstrap_servers=os.environ["BENCH_BOOTSTRAP"],
        group_id=os.environ["BENCH_GROUP"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    headers = {"Content-Type": "application/json"}
    async with consumer, aiohttp.ClientSession(headers=headers) as session:
        async for record in consumer:
            await deliver(session, record.value)
            await consumer.commit()


if __name__ == "__main__":
    uvloop.run(run())
