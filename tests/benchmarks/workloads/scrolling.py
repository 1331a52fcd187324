"""Whether the status page scrolls smoothly while much is delivered, in Chromium."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Any

from playwright.async_api import Browser, async_playwright

from tests.benchmarks.bench import PARTITIONS, Bench, Topic
from tests.benchmarks.competitors import Service
from tests.benchmarks.cores import Cores
from tests.benchmarks.kafka import publish_steadily
from tests.benchmarks.messages import record
from tests.benchmarks.report import number
from tests.benchmarks.running import Run, running
from tests.support.browser import ARGUMENTS
from tests.support.tools import Tools

DESTINATIONS = 250
IN_FLIGHT = 1000
RATE = 600.0
SECONDS = (20.0, 4.0)
WARM_UP = (12.0, 3.0)
"""Seconds until tables and charts are full of what happens."""
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
FRAME, LONG = 16.7, 50.0
"""Milliseconds: of one frame, and what Chromium calls a long task."""
COLUMNS = (
    "delivered/s",
    "main thread",
    "longest task, ms",
    "tasks over 16.7 ms",
    "over 50 ms",
    "between frames: median, p95, ms",
)
SCROLL = """async (seconds) => {
  const gaps = [];
  const end = performance.now() + seconds * 1000;
  let [last, step] = [performance.now(), 12];
  while (last < end) {
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
    const lowest = document.documentElement.scrollHeight - innerHeight;
    if (scrollY + step < 0 || scrollY + step > lowest) step = -step;
    scrollBy(0, step);
  }
  return gaps.slice(1);
}"""


async def page(bench: Bench) -> None:
    """Scroll the page up and down, at rest and while 600 notifications a second are delivered."""
    bench.report.heading(
        "Scrolling the status page",
        f"{DESTINATIONS} destinations; up and down without a pause, 12 pixels in each frame, for "
        f"{SECONDS[bench.quick]:.0f} s. Tasks and the main thread are counted in processor time: "
        "frames come late on a busy machine, whatever the page does.",
    )
    urls = [bench.sink.url("instant", each) for each in range(DESTINATIONS)]

    def value(each: int) -> bytes:
        return record(each, urls[each % DESTINATIONS], time.time_ns() // 1000)

    topic = await bench.new_topic("scrolling", sent=DESTINATIONS, value=value)
    await bench.fill(topic)
    service = Service({"NOTIFIER_KAFKA__PARTITIONS": str(PARTITIONS)})
    group = bench.new_name("scrolling")
    async with (
        running(bench, service, topic, IN_FLIGHT, group=group) as run,
        _chromium(bench.cores) as browser,
    ):
        await run.ready()
        await run.until(lambda now: now["messages_sent"] >= DESTINATIONS, 60)
        rows = [await _scrolled(bench, run, browser, service.url, each) for each in SIZES]
        async with _deliveries(bench, topic):
            rows += [await _scrolled(bench, run, browser, service.url, each) for each in SIZES]
    titles = [f"{size}, {what}" for what in ("at rest", f"{RATE:.0f}/s") for size in SIZES]
    table = [[title, *row] for title, row in zip(titles, rows, strict=True)]
    bench.report.table(("", *COLUMNS), table)


@asynccontextmanager
async def _chromium(cores: Cores) -> AsyncIterator[Browser]:
    async with AsyncExitStack() as stack:
        with cores.on(cores.worker | cores.rest):  # what is drawn needs more than one
            playwright = await stack.enter_async_context(async_playwright())
        executable = await asyncio.to_thread(Tools.here().browser)
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        await browser.close()


@asynccontextmanager
async def _deliveries(bench: Bench, topic: Topic) -> AsyncIterator[None]:
    numbers = count(topic.sent)
    steadily = publish_steadily(bench.kafka.bootstrap, topic.name, RATE, topic.value, numbers)
    publishing = asyncio.create_task(steadily)
    try:
        yield
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


async def _scrolled(bench: Bench, run: Run, browser: Browser, url: str, size: str) -> list[str]:
    """Scroll the live page, and return what that took."""
    bench.report.doing(f"scrolling: {size}")
    width, height = SIZES[size]
    page = await browser.new_page(viewport={"width": width, "height": height})
    await page.goto(url)
    await page.wait_for_selector("html[data-link=live]")
    await page.wait_for_timeout(WARM_UP[bench.quick] * 1000)
    await browser.start_tracing(page=page, categories=["disabled-by-default-devtools.timeline"])
    before, begin = (await run.stats())["messages_sent"], time.monotonic()
    gaps = sorted(await page.evaluate(SCROLL, SECONDS[bench.quick]))
    sent, took = (await run.stats())["messages_sent"] - before, time.monotonic() - begin
    tasks = _tasks(json.loads(await browser.stop_tracing()))
    await page.close()
    return [
        number(sent / took),
        f"{sum(tasks) / took / 10:.1f} %",
        number(max(tasks), 1),
        str(sum(each > FRAME for each in tasks)),
        str(sum(each > LONG for each in tasks)),
        f"{gaps[len(gaps) // 2]:.1f}, {gaps[len(gaps) * 95 // 100]:.1f}",
    ]


def _tasks(trace: Mapping[str, Any]) -> Sequence[float]:
    """Return the processor milliseconds of each task of the thread that draws the page."""
    events = trace["traceEvents"]
    mains = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    found: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for each in events:
        if each["name"] == "RunTask" and (each["pid"], each["tid"]) in mains:
            found[each["pid"], each["tid"]].append(each.get("tdur", 0) / 1000)
    return max(found.values(), key=sum)
