"""``python -m tests.bounds [BYTES [ROUNDS [WORDS]]]``: see the package."""

import asyncio
import json
import secrets
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path
from typing import Any

from tests.bounds import corpus, destinations
from tests.bounds.world import Longest, Measured, measured_service

PAGES = ("/", "/stats", "/metrics", "/deliveries?limit=1000", "/dead-letters", "/report", "/health")


MOST = 1_000_000
"""Bytes that the embedded broker keeps of a record, unless it is compressed."""
REMARKABLE = 40.0
"""Milliseconds."""
SEEDS = 20
DRAWN = 60
USERS = 20
"""Chats take one notification in a few seconds."""


async def measure(size: int, rounds: int, words: str) -> None:
    """Send the whole corpus so many times, and print what comes of it."""
    with tempfile.TemporaryDirectory() as folder:
        async with measured_service(Path(folder), USERS) as service:
            await service.digest(corpus.encoded(corpus.envelope("warm")))
            await _tell_memory("before", service)
            await _call_out(service, words)
            await _tell_memory("after destinations", service)
            for number in range(rounds):
                await _read(service, size, words)
                await _tell_memory(f"after round {number + 1}", service)


async def _call_out(service: Measured, words: str) -> None:
    drawn = destinations.drawn_destinations(DRAWN, secrets.randbelow(2**32))
    for name, talk in chain(destinations.destinations().items(), drawn):
        if words in name:
            _tell(f"destination: {name}", await service.call(name, talk))
    for name, odd in destinations.mail_servers().items():
        if words in name:
            _tell(f"mail server: {name}", await service.mail(odd))


async def _read(service: Measured, size: int, words: str) -> None:
    for name, record in chain(
        corpus.records(size),
        corpus.random_records(size, [secrets.randbelow(2**32) for _ in range(SEEDS)]),
        corpus.drawn_records(size, DRAWN, secrets.randbelow(2**32)),
    ):
        if words in name:
            began = time.monotonic()
            found = await service.digest(record, "zstd" if len(record) > MOST else None)
            _tell(name, found, round(time.monotonic() - began, 2))
    _tell("what waited", await service.until_settled())
    for page in PAGES:
        _tell(f"GET {page}", await service.get(page))


async def _tell_memory(when: str, service: Measured) -> None:
    size, files = await service.memory()
    print(json.dumps({"memory": when, "mb": round(size / 1e6, 1), "files": files}), flush=True)


def _tell(name: str, found: Longest, seconds: float = 0.0) -> None:
    said: dict[str, Any] = {"own": found.own, "kept": found.kept, "name": name, "seconds": seconds}
    where = {"where": found.where} if max(found.own, found.kept) > REMARKABLE else {}
    print(json.dumps(said | where), flush=True)


if __name__ == "__main__":
    size, rounds, words = (*sys.argv[1:], *(str(corpus.LARGE), "1", "")[len(sys.argv) - 1 :])
    asyncio.run(measure(int(size), int(rounds), words))
