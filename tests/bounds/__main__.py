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
from tests.bounds.world import Measured, measured_service

PAGES = ("/", "/stats", "/metrics", "/deliveries?limit=1000", "/dead-letters", "/report", "/health")


SEEDS = 20


async def measure(size: int, rounds: int, words: str) -> None:
    """Send the whole corpus so many times, and print what comes of it."""
    with tempfile.TemporaryDirectory() as folder:
        async with measured_service(Path(folder)) as service:
            await service.digest(corpus.encoded(corpus.envelope("warm")))
            await _tell_memory("before", service)
            for name, talk in destinations.destinations().items():
                if words in name:
                    _tell(f"destination: {name}", *await service.call(name, talk))
            for name, odd in destinations.mail_servers().items():
                if words in name:
                    _tell(f"mail server: {name}", *await service.mail(odd))
            await _tell_memory("after destinations", service)
            for number in range(rounds):
                seeds = [secrets.randbelow(2**32) for _ in range(SEEDS)]
                random = corpus.random_records(size, seeds)
                for name, record in chain(corpus.records(size), random):
                    if words in name:
                        began = time.monotonic()
                        _tell(
                            name, *await service.digest(record), round(time.monotonic() - began, 2)
                        )
                for page in PAGES:
                    _tell(f"GET {page}", *await service.get(page))
                await _tell_memory(f"after round {number + 1}", service)


async def _tell_memory(when: str, service: Measured) -> None:
    size, files = await service.memory()
    print(json.dumps({"memory": when, "mb": round(size / 1e6, 1), "files": files}), flush=True)


def _tell(name: str, ms: float, where: list[str], seconds: float = 0.0) -> None:
    said: dict[str, Any] = {"ms": ms, "name": name, "seconds": seconds}
    print(json.dumps(said | ({"where": where} if ms > 40 else {})), flush=True)


if __name__ == "__main__":
    size, rounds, words = (*sys.argv[1:], *(str(corpus.LARGE), "1", "")[len(sys.argv) - 1 :])
    asyncio.run(measure(int(size), int(rounds), words))
