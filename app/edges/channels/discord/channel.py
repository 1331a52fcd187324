"""Discord webhooks."""

import time
from collections.abc import Callable, Sequence

from app.edges.channels.discord.answers import classify
from app.edges.channels.discord.limits import MAX_EMBEDS
from app.edges.channels.discord.payload import encode, fits
from app.edges.channels.discord.rendering import render
from app.edges.channels.over_http import HttpChannel, HttpRequest
from app.edges.channels.rendering import Renderings
from app.edges.http import HttpAnswer, HttpPort
from app.values.channel import RefusalLimit
from app.values.delivery import Delivery, Target
from app.values.note import Note
from app.values.notification import Embed
from app.values.outcome import Outcome


class DiscordChannel(HttpChannel):
    """Executes Discord webhooks.

    Args:
        http: Sends the requests.
        timeout: Seconds for one attempt as a whole.
        clock: Seconds since the epoch.
    """

    name = "discord"
    most_merged = MAX_EMBEDS
    in_order = True
    refusal_limit = RefusalLimit(budget=1000, window=600.0)
    """A tenth of what Discord's API reference allows ("Invalid Request Limit"): several workers may
    share an address."""

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(http, timeout, clock)
        self._rendered = Renderings(render)

    def prepare(self, delivery: Delivery) -> None:
        """See ``Channel.prepare``."""
        self._rendered.of(delivery.notification)

    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """See ``HttpChannel.request``."""
        del now
        target = deliveries[0].targets[0]
        embeds = [embed for each in deliveries for embed in self._embeds(each)]
        body = encode(embeds, deliveries[0].notification.sender)
        return HttpRequest(target.address, body, dict(target.access.headers))

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target)

    def notes(self, delivery: Delivery) -> tuple[Note, ...]:
        """Return what is not told of a notification; its first request says it for all."""
        return () if delivery.targets[0].part else self._rendered.of(delivery.notification).notes

    def mergeable(self, deliveries: Sequence[Delivery], more: Delivery) -> bool:
        """Say whether one more fits: in Discord's limits, the same thread, the same sender."""
        first = deliveries[0]
        here, there = first.targets[0], more.targets[0]
        if here.address != there.address or here.access != there.access:
            return False
        if first.notification.sender != more.notification.sender:
            return False
        embeds = [embed for each in deliveries for embed in self._embeds(each)]
        return fits(embeds, self._embeds(more))

    def _embeds(self, delivery: Delivery) -> tuple[Embed, ...]:
        """Return what one request tells of a delivery; one that has changed since has the last."""
        requests = self._rendered.of(delivery.notification).requests
        return requests[min(delivery.targets[0].part, len(requests) - 1)]
