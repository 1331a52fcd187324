import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.types import Message

from app.faces.api.application import build_app
from app.faces.api.events import MAX_PENDING, EventStream, event
from tests.support.fakes import SNAPSHOT, Fakes, make_attempt


class Browser:
    """The other end of one event stream, without a network in between."""

    def __init__(self, stream: EventStream) -> None:
        self.received: list[str] = []  # what has arrived, split at the blank lines
        self.arrived = asyncio.Condition()
        # cleared, the stream's writes hang, as to a browser that does not read
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.is_gone = asyncio.Event()  # set by the test when the browser goes away
        self.is_complete = False  # whether the response has been ended as it should
        self.stuck = asyncio.Event()
        self.task = asyncio.create_task(stream({"type": "http"}, self._receive, self._send))

    async def _receive(self) -> Message:
        await self.is_gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if not self.is_reading.is_set():
            self.stuck.set()
        await self.is_reading.wait()
        if message["type"] == "http.response.start":
            return
        async with self.arrived:
            self.received += message["body"].decode().split("\n\n")[:-1]
            self.is_complete = not message.get("more_body", False)
            self.arrived.notify_all()

    async def until(self, text: str, times: int = 1) -> None:
        """Wait until ``text`` has arrived so many times."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: self.count(text) >= times)

    def count(self, text: str) -> int:
        """Count the events with ``text``."""
        return sum(text in each for each in self.received)


@pytest.fixture
async def fakes() -> AsyncIterator[Fakes]:
    """Return the fakes; streams that a test leaves open end with it."""
    fakes = Fakes()
    yield fakes
    fakes.service.closing.set()


def open_stream(fakes: Fakes, *, period: float = 0.01, heartbeat: float = 15.0) -> Browser:
    """Open a stream that looks often, so that nobody has to wait."""
    return Browser(EventStream(fakes.service, period=period, heartbeat=heartbeat))


def data_of(text: str) -> Any:
    """Return the data of an event."""
    return json.loads(text.split("data: ", maxsplit=1)[1])


def test_an_event_is_one_data_line() -> None:
    """Line breaks in a text are escaped by JSON, so they cannot end the event."""
    text = event("delivery", make_attempt(1, content="a\nb\r\ndata: c\n\n")).decode()
    assert text.endswith("}\n\n")
    lines = text.splitlines()
    assert lines[0] == "event: delivery"
    assert json.loads(lines[1].removeprefix("data: "))["content"] == "a\nb\r\ndata: c\n\n"
    assert len(lines) == 3


async def test_figures_come_at_once_and_when_they_change(fakes: Fakes) -> None:
    """The first event is the state now, the next one the change."""
    browser = open_stream(fakes)
    await browser.until("event: stats")
    fakes.worker.change(messages_consumed=1)
    await browser.until('"messages_consumed":1,')
    assert browser.received[0] == "retry: 2000"
    assert data_of(browser.received[1])["group_id"] == SNAPSHOT.group_id
    assert browser.count("event: stats") == 2


async def test_uptime_alone_is_no_change(fakes: Fakes) -> None:
    """It is not worth an event of its own."""
    browser = open_stream(fakes)
    await browser.until("event: stats")
    fakes.worker.change(uptime_seconds=7.0)
    await fakes.attempts.followed.wait()
    fakes.attempts.add(make_attempt(1))
    await browser.until("event: delivery")
    assert browser.count("event: stats") == 1


async def test_an_idle_service_shows_that_it_is_there(fakes: Fakes) -> None:
    """The same figures come again, not before their time, so that a page knows it is live."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    browser = open_stream(fakes, period=0.01, heartbeat=0.2)
    await browser.until("event: stats", times=3)
    assert loop.time() - since > 0.3


async def test_figures_come_at_most_once_in_a_period(fakes: Fakes) -> None:
    """A busy worker does not flood the page."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    browser = open_stream(fakes, period=0.1)
    await browser.until("event: stats")
    while browser.count("event: stats") < 4:
        fakes.worker.change(messages_consumed=fakes.worker.state.messages_consumed + 1)
        await asyncio.sleep(0)
    assert loop.time() - since > 0.25


async def test_every_attempt_is_sent_in_order(fakes: Fakes) -> None:
    """One event for each."""
    browser = open_stream(fakes)
    await fakes.attempts.followed.wait()
    for number in range(1, 51):
        fakes.attempts.add(make_attempt(number))
    await browser.until("event: delivery", times=50)
    sent = [data_of(each)["id"] for each in browser.received if "event: delivery" in each]
    assert sent == list(range(1, 51))


async def test_a_browser_that_does_not_read_misses_the_oldest(fakes: Fakes) -> None:
    """Attempts are neither kept for it without bound nor held back for anybody."""
    browser = open_stream(fakes)
    await browser.until("event: stats")
    browser.is_reading.clear()
    fakes.worker.change(messages_consumed=1)
    await browser.stuck.wait()
    (queue,) = fakes.attempts.followers
    for number in range(1, MAX_PENDING + 101):
        fakes.attempts.add(make_attempt(number))
    await queue.join()
    browser.is_reading.set()
    await browser.until(f'"id":{MAX_PENDING + 100},')
    sent = [data_of(each)["id"] for each in browser.received if "event: delivery" in each]
    assert sent == list(range(101, MAX_PENDING + 101))


async def test_the_stream_ends_with_the_browser(fakes: Fakes) -> None:
    """Nobody follows the attempts any more."""
    browser = open_stream(fakes, period=60.0)
    await browser.until("event: stats")
    browser.is_gone.set()
    await browser.task
    assert fakes.attempts.followers == set()


async def test_the_stream_ends_in_order_when_the_service_closes(fakes: Fakes) -> None:
    """The response is completed, long before the period is over."""
    browser = open_stream(fakes, period=60.0)
    await browser.until("event: stats")
    fakes.service.closing.set()
    async with asyncio.timeout(2):
        await browser.task
    assert browser.is_complete
    assert fakes.attempts.followers == set()


async def test_a_browser_that_does_not_read_delays_no_stop(fakes: Fakes) -> None:
    """The stream ends without it."""
    browser = open_stream(fakes)
    await browser.until("event: stats")
    browser.is_reading.clear()
    fakes.worker.change(messages_consumed=1)
    await browser.stuck.wait()
    fakes.service.closing.set()
    async with asyncio.timeout(2):
        await browser.task
    assert not browser.is_complete


async def test_an_error_ends_the_stream(fakes: Fakes) -> None:
    """A stream that cannot go on is not left open in silence."""
    browser = open_stream(fakes)
    await browser.until("event: stats")
    fakes.worker.state = None  # type: ignore[assignment] # a defect, for the test
    with pytest.raises(TypeError):
        await browser.task
    assert fakes.attempts.followers == set()


@asynccontextmanager
async def served(fakes: Fakes) -> AsyncIterator[tuple[uvicorn.Server, "asyncio.Task[None]", str]]:
    """Serve the control plane on a real port."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
        yield {"service": fakes.service}

    config = uvicorn.Config(build_app(lifespan), port=0, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    listening.listen()  # so that a client may come before the server is up
    port = listening.getsockname()[1]
    task = asyncio.create_task(server._serve([listening]))  # serve() takes over signals
    try:
        yield server, task, f"http://127.0.0.1:{port}"
    finally:
        fakes.service.closing.set()
        server.should_exit = True
        await task


async def test_an_open_stream_does_not_keep_the_server_from_stopping(fakes: Fakes) -> None:
    """Over a real socket: headers, both kinds of events, and a quick end at the signal."""
    async with (
        served(fakes) as (server, task, url),
        httpx.AsyncClient(base_url=url) as client,
        client.stream("GET", "/events") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        fakes.attempts.add(make_attempt(1))
        names = [line async for line in _take_until(lines, "event: delivery")]
        assert "event: stats" in names
        server.should_exit = True
        fakes.service.closing.set()
        async with asyncio.timeout(1):  # uvicorn itself looks every 0.1 s
            await task
        assert [line async for line in lines][-1] == ""


async def _take_until(lines: AsyncIterator[str], last: str) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line == last:
            return


async def test_a_client_that_leaves_is_noticed(fakes: Fakes) -> None:
    """Over a real socket: a closed tab costs nothing from then on."""
    async with served(fakes) as (_, _, url), httpx.AsyncClient(base_url=url) as client:
        async with client.stream("GET", "/events") as answer:
            await anext(answer.aiter_lines())
            assert len(fakes.attempts.followers) == 1
        async with asyncio.timeout(5):
            await fakes.attempts.abandoned.wait()


async def test_what_is_done_is_told_once(fakes: Fakes) -> None:
    """What was done before the stream began, and what is done later."""
    fakes.deeds.add("ops", "Fetching was paused.")
    browser = open_stream(fakes)
    await browser.until("event: deed")
    fakes.deeds.add("ops", "Fetching was resumed.")
    fakes.worker.change(messages_sent=1)
    await browser.until("resumed")
    told = [data_of(each)["what"] for each in browser.received if "event: deed" in each]
    assert told == ["Fetching was paused.", "Fetching was resumed."]
