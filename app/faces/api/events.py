"""``GET /events``: server-sent events for the page."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.faces.api import examples
from app.faces.api.dependencies import Running
from app.faces.api.openapi import text_answer
from app.faces.api.responses import encode
from app.faces.glance import Glance, glance_at
from app.faces.service import Service
from app.values.control import Deed
from app.values.snapshot import Attempt, Snapshot

router = APIRouter(tags=["status"])

PERIOD = 0.5
HEARTBEAT = 15.0
CLOSING_GRACE = 0.1
MAX_PENDING = 200


class EventStream(Response):
    """A stream that ends with the client or with the service, whichever is first.

    Once in a period it sends the attempts made since, and the figures if they have changed. A
    client that reads slowly misses the oldest attempts; nothing ever waits for it.

    Args:
        period: Seconds between two looks at the figures.
        heartbeat: Seconds of silence after which the figures are sent although they are the same.
    """

    media_type = "text/event-stream"

    def __init__(
        self, service: Service, *, period: float = PERIOD, heartbeat: float = HEARTBEAT
    ) -> None:
        # No length is known, and no proxy may hold events back.
        super().__init__(None, headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._service = service
        self._period = period
        self._heartbeat = heartbeat
        self._pending: deque[Attempt] = deque(maxlen=MAX_PENDING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client is gone or the service closes."""
        del scope
        async with self._service.attempts.follow() as attempts:
            closing = asyncio.create_task(self._service.closing.wait(), name="events: closing")
            ends = [
                asyncio.create_task(self._write(send, closing), name="events: write"),
                asyncio.create_task(self._collect(attempts), name="events: collect"),
                asyncio.create_task(_gone(receive), name="events: client gone"),
                asyncio.create_task(_overdue(closing), name="events: overdue"),
            ]
            try:
                done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for each in (closing, *ends):
                    each.cancel()
                await asyncio.gather(closing, *ends, return_exceptions=True)

    async def _write(self, send: Send, closing: asyncio.Task[Any]) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        loop = asyncio.get_running_loop()
        last: Snapshot | None = None
        told = 0
        chunk = b"retry: 2000\n\n"
        quiet_since = loop.time()
        while True:
            now = self._service.worker.snapshot()
            still = msgspec.structs.replace(now, uptime_seconds=0.0)  # it alone is no change
            chunk += b"".join(event("delivery", each) for each in self._pending)
            self._pending.clear()
            for deed in self._service.deeds.after(told):
                told = deed.number
                chunk += event("deed", deed)
            if still != last:
                last = still
                chunk += event("stats", glance_at(now))
            if not chunk and loop.time() + self._period > quiet_since + self._heartbeat:
                chunk = event("stats", glance_at(now))
            if chunk:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                quiet_since = loop.time()
                chunk = b""
            is_closing, _ = await asyncio.wait({closing}, timeout=self._period)
            if is_closing:
                break
        await send({"type": "http.response.body", "body": b""})

    async def _collect(self, attempts: AsyncIterator[Attempt]) -> None:
        async for attempt in attempts:
            self._pending.append(attempt)  # what nobody gets to see is not encoded


def event(name: str, data: Glance | Attempt | Deed) -> bytes:
    """Encode one event; JSON has no line breaks, so one data line is enough."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), encode(data))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _overdue(closing: asyncio.Task[Any]) -> None:
    """Return when the service closes and the writer has had its time to end by itself."""
    await asyncio.wait({closing})
    await asyncio.sleep(CLOSING_GRACE)


@router.get(
    "/events",
    status_code=200,
    summary="Figures and attempts as they happen",
    response_class=EventStream,
    responses={
        200: text_answer(
            "'stats' at most twice a second, 'delivery' for each attempt, 'deed' for what is done",
            "text/event-stream",
            examples.EVENTS,
        )
    },
)
async def events(service: Running) -> EventStream:
    """Send events until the client or the service ends."""
    return EventStream(service)
