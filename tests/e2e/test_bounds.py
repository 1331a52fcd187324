"""No step of the event loop over 50 ms, and no memory that grows, whatever a record holds."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.bounds import corpus
from tests.bounds.world import measured_service

LONGEST_STEP = 50.0
"""Milliseconds of processor time."""
MIB = 1024 * 1024
TRIES = 3
"""The same takes long each time; the machine's own pauses do not come three times in a row."""
MOST_GROWTH = 100_000_000
"""Bytes that the service may hold after all of these 70 MB, more than before the first of them."""
PAGES = ("/", "/stats", "/metrics", "/deliveries?limit=1000", "/dead-letters", "/report", "/health")


async def test_no_record_holds_up_the_event_loop(tmp_path: Path) -> None:
    """Nor does anybody who looks at a page afterwards; and nothing of them stays in memory."""
    async with measured_service(tmp_path) as service:
        await service.digest(corpus.encoded(corpus.envelope("warm")))
        before, _ = await service.memory()
        slow = [
            f"{name}: {found}"
            for name, record in corpus.records(corpus.LARGE)
            if (found := await _excess(partial(service.digest, record)))
        ]
        slow += [
            f"GET {page}: {found}"
            for page in PAGES
            if (found := await _excess(partial(service.get, page)))
        ]
        after, _ = await service.memory()
    assert not slow, "\n".join(slow)
    assert after - before < MOST_GROWTH


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
async def test_a_batch_that_unpacks_to_very_much_is_a_dead_letter(
    tmp_path: Path, compression: str
) -> None:
    """It is never unpacked; one that is large and bearable is, beside the event loop."""
    async with measured_service(tmp_path) as service:
        await service.digest(corpus.encoded(corpus.envelope("warm")))
        before, _ = await service.memory()
        for size in (9 * MIB, 100 * MIB):
            took, where = await service.digest(b" " * size, compression)
            assert took < LONGEST_STEP, where
        after, _ = await service.memory()
        await service.digest(corpus.encoded(corpus.envelope("and then")))
        letters = (await service.service.client.get("/dead-letters")).json()["dead_letters"]
    assert "unpacks to more than 80 MiB" in letters[0]["error"]
    assert len(letters) == 2
    assert after - before < 100 * MIB


async def _excess(measure: Callable[[], Awaitable[tuple[float, list[str]]]]) -> str:
    """Return what took too long in each try; nothing if it did not in one of them."""
    took, where = 0.0, [""]
    for _ in range(TRIES):
        took, where = await measure()
        if took < LONGEST_STEP:
            return ""
    return f"{took} ms, {where}"
