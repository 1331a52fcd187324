"""Webhooks: what is heavy is encoded and signed beside the event loop."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from app.edges.channels.over_http import HttpRequest
from app.edges.channels.webhook.channel import WebhookChannel
from app.edges.channels.webhook.payload import LIGHT, is_heavy
from app.edges.http import HttpAnswer, Then
from app.values.delivery import Delivery
from app.values.notification import Field, Metadata, Notification
from app.values.outcome import Delivered
from tests.support.channels import attempt
from tests.support.engine import delivery, notification


class Accepting:
    """An HTTP port that accepts everything, and remembers it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def begin(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, then: Then
    ) -> "Accepting":
        """Accept."""
        del url, headers, timeout
        self.bodies.append(body)
        asyncio.get_running_loop().call_soon(then, HttpAnswer(204))
        return self

    def cancel(self) -> None:
        """Of no effect."""


class Watched(WebhookChannel):
    """Remembers which threads made its requests."""

    def __init__(self, port: Any) -> None:
        super().__init__(port, 1.0, [b"key"])
        self.threads: list[int] = []

    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """See ``HttpChannel.request``."""
        self.threads.append(threading.get_ident())
        return super().request(deliveries, now)


@pytest.mark.parametrize(
    ("told", "heavy"),
    [
        (notification("text"), False),
        (notification("x" * LIGHT), False),
        (notification("x" * (LIGHT + 1)), True),
        (msgspec.structs.replace(notification("x"), title="x" * LIGHT), True),
        (msgspec.structs.replace(notification("x"), message_id="x" * LIGHT), True),
        (msgspec.structs.replace(notification("x"), url="x" * LIGHT), True),
        (msgspec.structs.replace(notification("x"), metadata=Metadata("x" * LIGHT)), True),
        (msgspec.structs.replace(notification("x"), metadata=Metadata(None, "x" * LIGHT)), True),
        (msgspec.structs.replace(notification("x"), metadata=Metadata(title="x" * LIGHT)), True),
        (msgspec.structs.replace(notification("x"), fields=(Field("n", "v" * LIGHT),)), True),
        (msgspec.structs.replace(notification("x"), fields=(Field("n", "v"),) * 10_000), True),
        (msgspec.structs.replace(notification("x"), fields=(Field("n", "v"),)), False),
    ],
)
async def test_what_is_heavy_is_made_in_another_thread(told: Notification, heavy: bool) -> None:
    """Every text counts; the whole of them is posted, and the answer is the same."""
    port = Accepting()
    channel = Watched(port)
    answer = await attempt(channel, [delivery(told)])
    assert answer.outcomes == ((Delivered(),),)
    assert is_heavy(told) is heavy
    assert (channel.threads == [threading.get_ident()]) is not heavy
    assert msgspec.json.decode(port.bodies[0])["data"]["content"] == told.content
    await channel.close()


async def test_one_that_is_given_up_meanwhile_is_not_posted() -> None:
    """Nobody is called any more, either."""
    port, results = Accepting(), list[object]()
    channel = Watched(port)
    channel.begin([delivery(notification("x" * (LIGHT + 1)))], results.append).cancel()
    await channel.close()
    assert (port.bodies, results) == ([], [])
