"""No step of the event loop over 50 ms, and no memory that grows, whatever a record holds."""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import chain
from pathlib import Path

from tests.bounds import corpus, destinations
from tests.bounds.world import measured_service
from tests.support.raw_server import Peer, raw_server

LONGEST_STEP = 50.0
"""Milliseconds of processor time."""
MIB = 1024 * 1024
SEEDS = 12
"""Records of odd values in places chosen by these seeds; the tool takes others each time."""
FEW_FILES = 10
CONCURRENCY = 16
"""Requests to one webhook at once, by default."""
TRIES = 5
"""The same takes long each time; the machine's own pauses do not come five times in a row."""
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
            for name, record in chain(
                corpus.records(corpus.LARGE), corpus.random_records(corpus.LARGE, range(SEEDS))
            )
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


async def test_no_destination_holds_up_the_event_loop(tmp_path: Path) -> None:
    """Nor other destinations, nor does anything of it stay: neither memory nor connections."""
    async with measured_service(tmp_path) as service:
        await service.digest(corpus.encoded(corpus.envelope("warm")))
        before, files = await service.memory()
        slow = [
            f"{name}: {found}"
            for name, talk in destinations.destinations().items()
            if (found := await _excess(partial(service.call, name, talk)))
        ]
        slow += [
            f"mail server: {name}: {found}"
            for name, odd in destinations.mail_servers().items()
            if (found := await _excess(partial(service.mail, odd)))
        ]
        after, files_after = await service.memory()
    assert not slow, "\n".join(slow)
    assert after - before < MOST_GROWTH
    assert files_after - files < FEW_FILES


async def test_a_destination_that_hangs_takes_few_connections(tmp_path: Path) -> None:
    """However many notifications there are for it."""
    async with measured_service(tmp_path) as service:
        await service.digest(corpus.encoded(corpus.envelope("warm")))
        _, files = await service.memory()
        async with raw_server(Peer.closed) as server:
            address = destinations.url("no handshake", server.port, "/hook")
            hanging = corpus.envelope(kwargs={"webhook_url": address}) | {"channels": ["webhook"]}
            for _ in range(3 * CONCURRENCY):
                await service.publish(corpus.encoded(hanging))
            await service.until_delivered()
            _, most = await service.memory()
            assert 1 <= server.connections <= CONCURRENCY
    assert most - files < CONCURRENCY + FEW_FILES


async def test_a_batch_that_unpacks_to_very_much_is_a_dead_letter(tmp_path: Path) -> None:
    """It is never unpacked; one that is large and bearable is, beside the event loop."""
    async with measured_service(tmp_path) as service:
        await service.digest(corpus.encoded(corpus.envelope("warm")))
        before, _ = await service.memory()
        for compression, size in (("gzip", 9 * MIB), ("zstd", 100 * MIB), ("gzip", 100 * MIB)):
            assert not await _excess(partial(service.digest, b" " * size, compression))
        after, _ = await service.memory()
        await service.digest(corpus.encoded(corpus.envelope("and then")))
        letters = (await service.service.client.get("/dead-letters")).json()["dead_letters"]
    refused = ["unpacks to more than 80 MiB" in each["error"] for each in letters]
    assert (refused[0], refused[-1]) == (True, False)
    assert sum(refused) >= 2
    assert after - before < MOST_GROWTH


async def _excess(measure: Callable[[], Awaitable[tuple[float, list[str]]]]) -> str:
    """Return what took too long in each try; nothing if it did not in one of them."""
    took, where = 0.0, [""]
    for _ in range(TRIES):
        took, where = await measure()
        if took < LONGEST_STEP:
            return ""
    return f"{took} ms, {where}"
