"""How much the group's topics take on the brokers' disks, for a given number of notifications."""

import time
from collections.abc import Mapping
from typing import Final

from tests.benchmarks.bench import Bench, Topic, WrongError
from tests.benchmarks.competitors import Service
from tests.benchmarks.messages import record
from tests.benchmarks.report import NOTHING, number
from tests.benchmarks.running import running
from tests.benchmarks.workloads.dead import refusing_port

NOTIFICATIONS = (100_000, 5_000)
COUNTS: Final[Mapping[str, str]] = {
    "sent": "messages_sent",
    "deferred": "messages_deferred",
    "unusable": "messages_dead_lettered",
}
"""What becomes of the notifications, and what counts them."""
IN_FLIGHT = 1000
LONGEST = 300.0
COLUMNS = (
    "what became of them",
    "their topic",
    "history",
    "retry topics",
    "dead letters",
    "memory",
)


async def sizes(bench: Bench) -> None:
    """All sent; all deferred behind a destination that is down; all unusable."""
    amount = bench.size(*NOTIFICATIONS)
    bench.report.heading(
        "On the brokers' disks",
        f"Megabytes for 1,000,000 notifications, one replica, measured with {amount:,}; the worker's "
        "memory in the end.",
    )
    if not bench.kafka.real:
        bench.report.say("Not run: needs real Kafka.")
        return
    with refusing_port() as port:
        dead, now = f"http://127.0.0.1:{port}/dead", time.time_ns() // 1000
        values = {
            "deferred": lambda each: record(each, dead, now),
            "unusable": lambda each: record(each, dead, now)[:-1],
        }
        topics = {"sent": await bench.filled_topic("instant", sent=amount)}
        for what, value in values.items():
            topics[what] = await bench.new_topic(what, sent=amount, value=value)
            await bench.fill(topics[what])
        rows = [await _case(bench, amount, what, topics[what]) for what in COUNTS]
    bench.report.table(COLUMNS, rows)


async def _case(bench: Bench, amount: int, what: str, topic: Topic) -> list[str]:
    bench.report.doing(f"disk: {what}")
    await bench.sink.reset(topic.sent)
    group = bench.new_name("disk")
    async with running(bench, Service(), topic, IN_FLIGHT, group=group) as run:
        await run.ready()
        if not await run.until(lambda stats: stats[COUNTS[what]] >= amount, LONGEST):
            raise WrongError(f"{amount:,} were not {what} after {LONGEST:.0f} s")
        memory = run.process.memory()
    of_group = (f"notifications.history.{group}", f"{group}.retry.*", f"{group}.dlq")
    taken = [bench.kafka.bytes_of(name) for name in (topic.name, *of_group)]
    told = [NOTHING if size is None else f"{number(size / topic.sent, 0)} MB" for size in taken]
    return [what, *told, f"{number(memory / 1e6)} MB"]
