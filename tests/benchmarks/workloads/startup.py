"""How soon a worker delivers that finds very many settled records above its commit."""

import asyncio
import signal
import time

from tests.benchmarks.bench import Bench, Topic, WrongError
from tests.benchmarks.competitors import Service
from tests.benchmarks.kafka import publish
from tests.benchmarks.messages import record
from tests.benchmarks.report import number
from tests.benchmarks.running import running

SETTLED = (1_000_000, 0)
IN_FLIGHT = 1000
DELIVER_SECONDS = 1_800.0
START_SECONDS = 300.0
COMMIT_SECONDS = 5.0  # longer than it takes until the next commit
LOOK_INTERVAL = 0.1


async def above_the_commit(bench: Bench) -> None:
    """One hung notification keeps the commit down; the worker is killed and another started."""
    settled = bench.size(*SETTLED)
    bench.report.heading(
        "Start above the commit",
        "One partition: its first notification hangs, all behind it are delivered, then the worker "
        "is killed and started anew. Seconds from the start of the process to the delivery of a "
        "notification that was published before; repeats are those of what was delivered already.",
    )
    if bench.quick or not bench.kafka.real:
        bench.report.say("Not run: real Kafka and the full run only.")
        return
    rows = [
        await _start(bench, "an empty partition", 0),
        await _start(bench, f"{settled:,} settled above the commit", settled),
    ]
    bench.report.table(("", "seconds", "repeats"), rows)


async def _start(bench: Bench, title: str, settled: int) -> list[str]:
    # Number 0 hangs, 1 to `settled` are delivered, the last comes after the kill.
    last = settled + 1
    hung, instant = bench.sink.url("hung", 0), bench.sink.url("instant", 1)
    now = time.time_ns() // 1000

    def value(each: int) -> bytes:
        return record(each, hung if each == 0 else instant, now)

    topic = await bench.new_topic("startup", sent=settled + 2, partitions=1, value=value)
    group = bench.new_name("startup")
    # So long that nothing is given up before everything behind it is delivered.
    service = Service({"NOTIFIER_WEBHOOK__TIMEOUT": str(2 * DELIVER_SECONDS)})
    if settled:
        bench.report.doing(f"startup: delivering {settled:,}")
        await _deliver_and_kill(bench, service, topic, group)
        await bench.kafka.until_members(group, 0)  # the dead one's session is over
    where = bench.kafka.bootstrap
    await asyncio.to_thread(publish, where, topic.name, [value(last)], 1)
    await bench.sink.reset(topic.sent)
    bench.report.doing(f"startup: {title}")
    begin = time.time()
    async with running(bench, service, topic, IN_FLIGHT, group=group) as run:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            run.check()
            accepted = await bench.sink.accepted()
            times = dict(zip(accepted.numbers, accepted.times, strict=True))
            if last in times:
                await run.process.stop(signal.SIGKILL)  # number 0 would keep it from stopping
                return [title, number(times[last] / 1e6 - begin, 1), number(len(times) - 1)]
            await asyncio.sleep(LOOK_INTERVAL)
        raise WrongError(f"{title}: nothing was delivered in {START_SECONDS:.0f} s")


async def _deliver_and_kill(bench: Bench, service: Service, topic: Topic, group: str) -> None:
    settled = topic.sent - 2
    await bench.sink.reset(topic.sent)
    where = bench.kafka.bootstrap
    values = (topic.value(each) for each in range(settled + 1))
    await asyncio.to_thread(publish, where, topic.name, values, 1)
    async with running(bench, service, topic, IN_FLIGHT, group=group) as run:
        done = await bench.sink.until(lambda now: now.distinct >= settled, DELIVER_SECONDS)
        run.check()
        if done.distinct < settled:
            raise WrongError(f"{done.distinct} of {settled} in {DELIVER_SECONDS:.0f} s")
        await asyncio.sleep(COMMIT_SECONDS)
        await run.process.stop(signal.SIGKILL)
