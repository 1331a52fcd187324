"""The history: what it costs a delivery, how large it is, and how soon something is found in it."""

import asyncio
import contextlib
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import httpx

from app.policies.books.history import write
from app.policies.redaction import redact
from app.values.history import Addressee, Entry, Try
from app.values.snapshot import AttemptStatus
from tests.benchmarks.bench import DESTINATIONS, PARTITIONS, Bench, Topic, WrongError
from tests.benchmarks.competitors import Service
from tests.benchmarks.kafka import Written, publish
from tests.benchmarks.processes import Process
from tests.benchmarks.report import NOTHING, number
from tests.benchmarks.running import running
from tests.benchmarks.workloads import interleaved

IN_FLIGHT = (64, 1000)
KEPT = (1_000_000, 40_000)
"""Notifications in the history that is searched."""
BATCH = 200
"""Notifications in one record of it: what is settled within a second at 200 a second."""
SPAN = 6 * 86_400.0
"""Seconds over which they were settled; after seven days they are deleted."""
USERS = 500
FAILED_EVERY = 2_000
RARE_EVERY = 100_000
"""So many go to the destination that is looked for."""
LONGEST = 60.0
TIMES = (3, 1)
Name = Callable[[int], str]


async def kept(bench: Bench) -> None:
    """Its cost, its size, and searches."""
    if not bench.kafka.real:
        bench.report.say("(history: not run: needs real Kafka)")
        return
    if bench.brief:
        bench.report.say("(history: not run: in a quick run only if it is asked for by name)")
        return
    await _cost(bench)
    await _searches(bench)


async def _cost(bench: Bench) -> None:
    """Processor time for a delivery with and without."""
    topic = await bench.filled_topic("instant", sent=bench.size(*interleaved.RECORDS))
    services = [
        Service(title="with history"),
        Service({"NOTIFIER_HISTORY__RETENTION": "0"}, title="without"),
    ]
    for in_flight in IN_FLIGHT[:1] if bench.quick else IN_FLIGHT:
        bench.report.heading(
            f"What the history costs a delivery, {in_flight} in flight",
            "The same service with and without, in turns: see `interleaved`.",
        )
        rows = await interleaved.taking_turns(bench, topic, services, in_flight)
        bench.report.table(interleaved.COLUMNS, rows)


async def _searches(bench: Bench) -> None:
    amount = bench.size(*KEPT)
    bench.report.heading(
        f"Searches in a history of {amount:,} notifications",
        f"{BATCH} in a record, over six days; how long until all that match are found, page by page "
        "as `next_cursor` leads, or the newest one.",
    )
    group = bench.new_name("history")
    history = f"notifications.history.{group}"
    topic = await bench.new_topic("searched", sent=0, partitions=PARTITIONS, value=lambda _: b"")
    await bench.kafka.make_topic(history, 1)
    bench.report.doing(f"history: writing {amount:,}")
    urls = [bench.sink.url("instant", each) for each in range(DESTINATIONS)]
    began = time.time() - SPAN
    records = _records(topic, urls, amount, began)
    where = bench.kafka.bootstrap
    # As the service writes it: each record by itself.
    settings: dict[str, str | int] = {"compression.type": "zstd", "batch.num.messages": 1}
    await asyncio.to_thread(publish, where, history, records, 1, settings)
    size = bench.kafka.bytes_of(history)
    if size is not None:
        bench.report.say(
            f"On the broker's disk: {number(size / 1e6, 1)} MB, "
            f"{number(size / amount * 1e6 / 1e6)} MB for 1,000,000."
        )
    service = Service(meter=bench.folder / bench.new_name("meter"))
    async with running(bench, service, topic, 1000, group=group) as run:
        await run.ready()
        async with (
            _metered(service.meter) as steps,
            httpx.AsyncClient(base_url=service.url, timeout=LONGEST) as client,
        ):
            rows = []
            for title, search in _cases(client, amount, began):
                bench.report.doing(f"history: {title}")
                rows.append([title, *await _row(run.process, steps, search, bench.size(*TIMES))])
    bench.report.table(("", "found", "requests", "seconds", "processor s", "longest step ms"), rows)


async def _row(
    process: Process,
    steps: Callable[[], Awaitable[float]],
    search: Callable[[], Awaitable[tuple[int, int]]],
    times: int,
) -> list[str]:
    """Search so many times; return the cells of the fastest."""
    best: tuple[float, list[str]] | None = None
    longest = 0.0
    for _ in range(times):
        await steps()
        used, began = process.precise_seconds(), time.monotonic()
        found, requests = await search()
        seconds, cost = time.monotonic() - began, process.precise_seconds() - used
        longest = max(longest, await steps())
        cells = [number(found), number(requests), number(seconds, 2), number(cost, 2)]
        best = min(best or (seconds, cells), (seconds, cells))
    return [*(best[1] if best else [NOTHING] * 4), number(longest, 1)]


def _cases(
    client: httpx.AsyncClient, amount: int, began: float
) -> Iterator[tuple[str, Callable[[], Awaitable[tuple[int, int]]]]]:
    """Yield what is looked for."""
    a_while, seconds = SPAN / 6, SPAN / amount * 500
    since, until = (_moment(began + a_while + each) for each in (0, seconds))
    searches = {
        "the newest 50": {},
        "by id, of the oldest day": {"q": name_of(amount // 20)},
        "by a destination that one in 100,000 has": {"destination": "rare.example"},
        "by a user whom one in 500 is for": {"user": "user-7", "limit": "500"},
        "all that failed, one in 2,000": {"status": "failed", "limit": "500"},
        "by time: 500 notifications five days ago": {
            "since": since,
            "until": until,
            "limit": "500",
        },
        "by a text that is nowhere": {"q": "no such text"},
    }
    for title, search in searches.items():
        yield f"`GET /history`, {title}", partial(_search, client, search)
    for title, place in (("oldest", 20), ("newest", amount - 20)):
        yield f"`GET /notifications/…`, of the {title}", partial(_story, client, name_of(place))
    yield "`GET /notifications/…`, unknown", partial(_story, client, "nobody-knows", 404)


async def _search(client: httpx.AsyncClient, query: dict[str, str]) -> tuple[int, int]:
    """Follow the pages of a search; return how many were found, by how many requests."""
    found = requests = 0
    cursor = None
    while requests == 0 or cursor is not None:
        given = query | ({} if cursor is None else {"cursor": cursor})
        answer = await client.get(f"/history?{urlencode(given)}")
        if answer.status_code != httpx.codes.OK:
            raise WrongError(f"GET /history?{urlencode(given)}: {answer.status_code}")
        body = answer.json()
        found, requests = found + len(body["history"]), requests + 1
        cursor = body["next_cursor"] if query else None
    return found, requests


async def _story(client: httpx.AsyncClient, name: str, status: int = 200) -> tuple[int, int]:
    answer = await client.get(f"/notifications/{name}")
    if answer.status_code != status:
        raise WrongError(f"GET /notifications/{name}: {answer.status_code}")
    return int(answer.is_success), 1


@contextlib.asynccontextmanager
async def _metered(meter: Path | None) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Yield what returns the event loop's longest step since the last time, in milliseconds."""
    reader, writer = await asyncio.open_unix_connection(str(meter))

    async def longest() -> float:
        writer.write(b"steps\n")
        said = json.loads(await reader.readline())
        return float(max(said["own"], said["kept"]))

    try:
        yield longest
    finally:
        writer.close()


def name_of(place: int) -> str:
    """Return the id of a notification: as good as random, so that nothing shrinks it."""
    return str(uuid.UUID(int=random.Random(place).getrandbits(128)))


def _records(topic: Topic, urls: list[str], amount: int, began: float) -> Iterator[Written]:
    labels = [redact(url) for url in urls]
    for first in range(0, amount, BATCH):
        places = range(first, min(first + BATCH, amount))
        times = [began + SPAN / amount * each for each in places]
        entries = [_entry(topic, labels, *each) for each in zip(places, times, strict=True)]
        yield Written(*write("host-1:1234", entries), time=times[-1])


def _entry(topic: Topic, labels: list[str], place: int, at: float) -> Entry:
    rare = place % RARE_EVERY == RARE_EVERY // 2
    failed = place % FAILED_EVERY == 77
    label = "https://rare.example/***#a1b2c3" if rare else labels[place % len(labels)]
    status = AttemptStatus.REJECTED if failed else AttemptStatus.DELIVERED
    took = 0.02 + place % 97 / 1000
    return Entry(
        name_of(place),
        f"{topic.name}/{place % PARTITIONS}/{place // PARTITIONS}",
        "failed" if failed else "sent",
        at - took - 0.003,
        at,
        f"Signal {place % 1000}: AAPL broke out",
        f"user-{place % USERS}",
        (Addressee("webhook", label),),
        (Try(at, 0, status, 1, took, "HTTP 400: unknown field" if failed else None),),
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
