"""How soon the pages and lists answer, and how large they are, when there is very much to show."""

import asyncio
import random
import time
from collections.abc import Iterator
from itertools import count
from urllib.parse import urlencode

import httpx

from app.policies.headers.dead_letters import DeadLetterNote, dead_letter_headers
from app.policies.headers.records import Origin, TargetMark, fingerprint
from app.policies.redaction import redact
from app.values.outcome import Reason
from app.values.record import Record, TopicPartition
from tests.benchmarks.asking import COLUMNS, HTML, Call, rows_of
from tests.benchmarks.bench import PARTITIONS, Bench, Topic, WrongError
from tests.benchmarks.competitors import Service
from tests.benchmarks.kafka import Written, publish, publish_steadily
from tests.benchmarks.messages import record
from tests.benchmarks.report import number
from tests.benchmarks.running import Run, running

SPREAD_OVER = (1000, 50)
"""Partitions of the consumed topic."""
DESTINATIONS = (2000, 200)
LETTERS = (100_000, 4_000)
TIMES = (15, 3)
IN_FLIGHT = 1000
RATE = 600.0
EVENT_SECONDS = (10.0, 2.0)
DELIVERED_SECONDS = 120.0
CONNECTIONS = 8
TROUBLES = (
    (Reason.EXHAUSTED, "HTTP 503: the service is overloaded, try again in {n} s"),
    (Reason.REJECTED, "HTTP 400: unknown field in block {n}"),
    (Reason.EXPIRED, "it was to be sent within 300 s"),
    (Reason.EXHAUSTED, "no answer within 10 s"),
)
RARE = "rare-needle"
RARE_SEARCH = "a text that one in 10,000 has"
OTHERS = "another_group"


async def pages(bench: Bench) -> None:
    """Pages and lists, at rest and while 600 notifications a second are delivered."""
    if bench.brief:
        bench.report.say("(pages: not run: in a quick run only if it is asked for by name)")
        return
    destinations, partitions = bench.size(*DESTINATIONS), bench.size(*SPREAD_OVER)
    letters, times = bench.size(*LETTERS), bench.size(*TIMES)
    bench.report.heading(
        "Pages and lists when there is much",
        f"{destinations:,} destinations, {partitions:,} partitions, {letters:,} dead letters on "
        f"{PARTITIONS} partitions; each is asked for {times} times, one after the other.",
    )
    if not bench.kafka.real:
        bench.report.say("Not run: needs real Kafka.")
        return
    urls = [bench.sink.url("instant", each) for each in range(destinations)]

    def value(each: int) -> bytes:
        return record(each, urls[each % destinations], time.time_ns() // 1000)

    sent = 2 * destinations
    topic = await bench.new_topic("pages", sent=sent, partitions=partitions, value=value)
    await bench.fill(topic)
    group = bench.new_name("pages")
    service = Service({"NOTIFIER_KAFKA__PARTITIONS": str(PARTITIONS)})
    async with running(bench, service, topic, IN_FLIGHT, group=group) as run:
        await run.ready()
        bench.report.doing(f"pages: writing {letters:,} dead letters")
        written = _letters(topic, group, urls, letters)
        where = bench.kafka.bootstrap
        # Nearly as the service writes them: a few in a batch.
        settings: dict[str, str | int] = {"compression.type": "zstd", "batch.num.messages": 10}
        await asyncio.to_thread(publish, where, f"{group}.dlq", written, PARTITIONS, settings)
        if not await run.until(lambda now: now["messages_sent"] >= sent, DELIVERED_SECONDS):
            raise WrongError(f"not all of {sent} were delivered in {DELIVERED_SECONDS:.0f} s")
        limits = httpx.Limits(max_connections=CONNECTIONS)
        async with httpx.AsyncClient(base_url=service.url, limits=limits, timeout=30) as client:
            calls = await _calls(client)
            bench.report.doing("pages: asking, at rest")
            at_rest = await rows_of(run, client, calls, times)
            bench.report.table(("at rest", *COLUMNS), at_rest)
            loaded = await _under_load(bench, run, client, topic, calls, times)
            # The deliveries' processor time stands in it as well.
            columns = (f"at {RATE:.0f} deliveries/s", *COLUMNS[:-1])
            bench.report.table(columns, [row[:-1] for row in loaded])


async def _under_load(
    bench: Bench,
    run: Run,
    client: httpx.AsyncClient,
    topic: Topic,
    calls: list[Call],
    times: int,
) -> list[list[str]]:
    """Ask while notifications come in, and look at the events meanwhile."""
    bench.report.doing(f"pages: asking, at {RATE:.0f} deliveries a second")
    steadily = publish_steadily(
        bench.kafka.bootstrap, topic.name, RATE, topic.value, count(topic.sent)
    )
    publishing = asyncio.create_task(steadily)
    try:
        await asyncio.sleep(1)
        rows = await rows_of(run, client, calls, times)
        seconds = EVENT_SECONDS[bench.quick]
        events = await _events(client, seconds)
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
    for name, sizes in sorted(events.items()):
        bench.report.say(
            f"Events `{name}`: {len(sizes) / seconds:.1f} a second, "
            f"the largest {number(max(sizes) / 1000, 1)} KB."
        )
    return rows


async def _calls(client: httpx.AsyncClient) -> list[Call]:
    answer = await client.get("/dead-letters", headers=HTML)
    cause = answer.text.partition("cause=")[2][:12]
    if not cause.isalnum():
        raise WrongError("the page of dead letters shows no causes")
    searches = {
        "a destination": {"destination": "127.0.0.1"},
        "a reason": {"reason": "rejected"},
        "a text that most have": {"q": "signal"},
        RARE_SEARCH: {"q": RARE},
        "a cause": {"cause": cause},
        "another group": {"group": OTHERS},
    }
    return [
        Call("the page", "/", HTML),
        Call("the page of destinations", "/destinations", HTML),
        Call("`GET /destinations`", "/destinations"),
        Call("`GET /stats`", "/stats"),
        Call("the page of dead letters", "/dead-letters", HTML),
        *(
            Call(f"– by {name}", f"/dead-letters?{urlencode(each)}", HTML)
            for name, each in searches.items()
        ),
        Call("`GET /dead-letters`", "/dead-letters"),
        Call(f"– by {RARE_SEARCH}", f"/dead-letters?{urlencode(searches[RARE_SEARCH])}"),
    ]


async def _events(client: httpx.AsyncClient, seconds: float) -> dict[str, list[int]]:
    """Return the sizes of what comes as events, by their names."""
    sizes: dict[str, list[int]] = {}
    name = ""
    async with client.stream("GET", "/events") as answer:
        lines = answer.aiter_lines()
        deadline = time.monotonic() + seconds
        async for line in lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                sizes.setdefault(name, []).append(len(line.encode()))
            if time.monotonic() > deadline:
                break
    return sizes


def _letters(topic: Topic, group: str, urls: list[str], letters: int) -> Iterator[Written]:
    """Yield dead letters as the service writes them: of some destinations and errors, one group in ten."""
    chance = random.Random(12)
    for each in range(letters):
        url = urls[chance.randrange(40)]
        reason, error = chance.choice(TROUBLES)
        told = error.format(n=chance.randrange(10_000, 99_999))
        where = TopicPartition(topic.name, each % topic.partitions)
        dead = Record(where, each // topic.partitions, time.time(), None, topic.value(each), ())
        failed = TargetMark("webhook", redact(url), fingerprint("webhook", url))
        note = DeadLetterNote(
            reason,
            f"{redact(url)}: {told}" + (f" ({RARE})" if each % 10_000 == 5_000 else ""),
            Origin(*dead.partition, dead.offset, dead.timestamp),
            (failed,),
            attempts=5,
            first_failure=time.time(),
            group=OTHERS if each % 10 == 0 else group,
        )
        yield Written(dead.value or b"", dead_letter_headers(dead, note))
