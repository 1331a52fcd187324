"""A bare loop: ``python -m tests.benchmarks.peers.bare aiohttp`` or ``… asyncio``.

The least that a consumer needs which delivers each notification at least once: no priorities, no
rate limits, no dead letters, no statistics, no control plane.
"""

import asyncio
import gc
import os
import random
import signal
import sys

import uvloop
from aiokafka import AIOKafkaConsumer

from tests.benchmarks.peers.bare.bodies import request
from tests.benchmarks.peers.bare.intake import FETCH_MS, Intake
from tests.benchmarks.peers.bare.posting import Post, PostError, aiohttp_posting, asyncio_posting

LONGEST_DELAY = 60.0
POSTINGS = {"aiohttp": aiohttp_posting, "asyncio": asyncio_posting}


async def deliver(post: Post, value: bytes) -> None:
    """POST until it is accepted, with exponential back-off and full jitter."""
    url, body = request(value)
    attempt = 0
    while True:
        try:
            if 200 <= await post(url, body) < 300:
                return
        except PostError:
            pass
        await asyncio.sleep(random.uniform(0, min(LONGEST_DELAY, 2.0**attempt)))
        attempt += 1


async def work(intake: Intake, post: Post) -> None:
    """Deliver one record after the other until cancelled."""
    while True:
        value, batch = await intake.take()
        await deliver(post, value)
        batch.left -= 1


async def run(posting: str) -> None:
    """Consume until SIGTERM; then commit what is done."""
    environment = os.environ
    consumer = AIOKafkaConsumer(
        environment["BENCH_TOPIC"],
        bootstrap_servers=environment["BENCH_BOOTSTRAP"],
        group_id=environment["BENCH_GROUP"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=FETCH_MS,
    )
    async with consumer, POSTINGS[posting]() as post:
        intake = Intake(consumer)
        gc.freeze()
        in_flight = int(environment["BENCH_IN_FLIGHT"])
        workers = [work(intake, post) for _ in range(in_flight)]
        everything = asyncio.gather(intake.commit_regularly(), *workers)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, everything.cancel)
        try:
            await everything
        except asyncio.CancelledError:
            await intake.commit()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
