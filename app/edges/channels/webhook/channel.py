"""Webhooks in the Standard Webhooks form."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from app.edges.callbacks import InTasks, end_of
from app.edges.channels.answers import judge, quote_body
from app.edges.channels.base import Attempt, Then
from app.edges.channels.over_http import HttpChannel, HttpRequest
from app.edges.channels.webhook.payload import encode, headers, is_heavy, left_out
from app.edges.http import HttpAnswer, HttpPort
from app.policies.headers.identifiers import webhook_id
from app.values.delivery import Delivery, Target
from app.values.note import Note
from app.values.outcome import Answer, Outcome


class WebhookChannel(HttpChannel):
    """Posts notifications as Standard Webhooks.

    Args:
        signing_keys: Sign the requests; without any they are not signed.
    """

    name = "webhook"

    def __init__(
        self,
        http: HttpPort,
        timeout: float,
        signing_keys: Sequence[bytes] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(http, timeout, clock)
        self._keys = signing_keys
        self._tasks = InTasks("post a heavy webhook")

    def begin(self, deliveries: Sequence[Delivery], then: Then) -> Attempt:
        """See ``Channel.begin``."""
        if is_heavy(deliveries[0].notification):
            return self._tasks.begin(self._prepared(deliveries), then)
        return super().begin(deliveries, then)

    async def _prepared(self, deliveries: Sequence[Delivery]) -> Answer:
        made = await asyncio.to_thread(self.request, deliveries, self._clock())
        answer: Answer = await end_of(partial(self.begin_request, made, deliveries))
        return answer

    async def close(self) -> None:
        """See ``Channel.close``."""
        await self._tasks.close()

    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """See ``HttpChannel.request``."""
        (delivery,) = deliveries
        target = delivery.targets[0]
        body = encode(delivery.notification, now)
        message = webhook_id(delivery.source, delivery.digest, target.address)
        said = headers(message, now, body, self._keys)
        if target.access.headers:
            said = {**dict(target.access.headers), **said}
        if delivery.trace:
            said.update(delivery.trace)
        return HttpRequest(target.address, body, said)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        said = "" if 200 <= answer.status < 300 else quote_body(answer, target)
        return judge(answer, said, now)

    def notes(self, delivery: Delivery) -> tuple[Note, ...]:
        """See ``HttpChannel.notes``."""
        return left_out(delivery.notification)
