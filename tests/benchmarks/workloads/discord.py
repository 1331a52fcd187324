"""Many notifications to one Discord webhook under its real limits."""

from dataclasses import dataclass

from tests.benchmarks.behaviours import DISCORD_LIMITS
from tests.benchmarks.bench import Bench, WrongError
from tests.benchmarks.competitors import ONE_BY_ONE, Competitor, Service
from tests.benchmarks.measuring import counted
from tests.benchmarks.messages import record
from tests.benchmarks.report import number
from tests.benchmarks.running import running
from tests.benchmarks.turns import NO_TIME

DEFAULT_IN_FLIGHT = 1000
WEBHOOK_ID = 1_000_000_000_000_000_001
NOTIFICATIONS = (1000, 100)
ONE_BY_ONE_NOTIFICATIONS = (1000, 15)
START_SECONDS = 30.0
SLACK_SECONDS = 10.0
QUICK_SECONDS = 10.0


@dataclass(frozen=True)
class Delivered:
    """What became of the notifications."""

    accepted: int
    seconds: float
    requests: int
    limited: int


async def one_webhook(bench: Bench) -> None:
    """The service, and one request per notification."""
    rate = DISCORD_LIMITS.webhook
    bench.report.heading(
        "One Discord webhook",
        f"{rate.requests} requests in {rate.seconds:.0f} s, answers and headers as Discord's; one "
        "worker. Faster: notifications a second against one request per notification.",
    )
    sizes = (bench.size(*ONE_BY_ONE_NOTIFICATIONS), bench.size(*NOTIFICATIONS))
    competitors: tuple[Competitor, ...] = (ONE_BY_ONE, Service())
    rows: list[list[str]] = []
    base: float | None = None
    for competitor, notifications in zip(competitors, sizes, strict=True):
        # One by one is what it must not be slower than.
        seconds = notifications / rate.requests * rate.seconds + SLACK_SECONDS
        if bench.quick:
            seconds = QUICK_SECONDS
        title = f"{competitor.title}, {notifications} notifications"
        if not bench.time_for(seconds):
            rows.append([f"{title} ({NO_TIME})", *["–"] * 6])
            continue
        bench.report.doing(f"discord: {title}")
        found = await _deliver(bench, competitor, notifications, seconds)
        speed = found.accepted / found.seconds
        base = base or speed
        rows.append(_cells(title, found, speed / base))
    columns = ("", "accepted", "seconds", "requests", "429", "per second", "faster")
    bench.report.table(columns, rows)


def _cells(title: str, found: Delivered, faster: float) -> list[str]:
    return [
        title,
        number(found.accepted),
        number(found.seconds, 1),
        number(found.requests),
        number(found.limited),
        number(found.accepted / found.seconds, 1),
        number(faster, 1),
    ]


async def _deliver(
    bench: Bench, competitor: Competitor, notifications: int, seconds: float
) -> Delivered:
    """Let it deliver everything, or as much as it can in that time after its first request."""
    url = f"http://127.0.0.1:{bench.sink.port}/api/webhooks/{WEBHOOK_ID}/token"
    topic = await bench.new_topic(
        "discord", sent=notifications, partitions=1, value=lambda each: record(each, url, 0)
    )
    await bench.fill(topic)
    await bench.sink.reset(notifications)
    async with running(bench, competitor, topic, DEFAULT_IN_FLIGHT) as run:
        await run.fill(topic)
        first = await bench.sink.until(lambda now: now.requests > 0, START_SECONDS)
        if not first.requests:
            raise WrongError(f"{competitor.title} sent nothing in {START_SECONDS:.0f} s")
        last = await bench.sink.until(lambda now: now.distinct >= notifications, seconds)
        run.check()
    if bench.kafka.real or last.distinct >= notifications:
        await counted(bench, run, topic)
    return Delivered(last.distinct, last.at - first.at, last.requests, last.limited)
