"""What chat services share: rendered once, merged while a limit holds, plain text if need be."""

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from app.edges.channels.over_http import HttpChannel, HttpRequest
from app.edges.channels.rendering import Renderings
from app.edges.http import HttpPort
from app.policies.texts.notes import Notes
from app.values.delivery import Delivery, Target
from app.values.note import Note
from app.values.notification import Notification

P = TypeVar("P")

MOST_MERGED = 20
"""Notifications in one request at most: if one is refused, all of them are asked for again."""
PLAIN = Note("", "the service refused its form; sent as plain text")


class Rendered(msgspec.Struct, Generic[P], frozen=True):
    """A notification as a service is told it.

    Attributes:
        requests: The content of each request, at least one.
        notes: What of it the service is not told, or not as it was written.
    """

    requests: tuple[P, ...]
    notes: tuple[Note, ...] = ()


class ChatChannel(HttpChannel, Generic[P]):
    """A chat service: people read it from top to bottom, and it limits how often it may be asked.

    A service says what a notification is rendered to, what becomes a request, and what fits into
    one.
    """

    most_merged = MOST_MERGED
    in_order = True

    @abstractmethod
    def render(self, notification: Notification) -> Rendered[P]:
        """Return what the service is told.

        It is asked for again and again (see ``Renderings``), and takes bounded time and space.
        """

    @abstractmethod
    def render_plain(self, notification: Notification) -> Rendered[P]:
        """Return the same as plain text, which the service can hardly refuse."""

    @abstractmethod
    def compose(self, contents: Sequence[P], target: Target, now: float) -> HttpRequest:
        """Return the request that tells one notification, or several that fit."""

    @abstractmethod
    def fits(self, contents: Sequence[P], more: P) -> bool:
        """Say whether one request can tell another notification beside these."""

    def prepare(self, delivery: Delivery) -> None:
        """See ``Channel.prepare``."""
        self.render(delivery.notification)

    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """See ``HttpChannel.request``."""
        contents = [self._content(each) for each in deliveries]
        return self.compose(contents, deliveries[0].targets[0], now)

    def notes(self, delivery: Delivery) -> tuple[Note, ...]:
        """Return what is not told of a notification; its first request says it for all."""
        if delivery.targets[0].part:
            return ()
        notes = self._rendering(delivery).notes
        return (*notes, PLAIN) if delivery.plain else notes

    def mergeable(self, deliveries: Sequence[Delivery], more: Delivery) -> bool:
        """See ``Channel.mergeable``: the same address, let in the same way, and there is room."""
        here, there = deliveries[0].targets[0], more.targets[0]
        if len(deliveries) >= self.most_merged or deliveries[0].plain or more.plain:
            return False
        if here.address != there.address or here.access != there.access:
            return False
        return self.fits([self._content(each) for each in deliveries], self._content(more))

    def _rendering(self, delivery: Delivery) -> Rendered[P]:
        if delivery.plain:
            return self.render_plain(delivery.notification)
        return self.render(delivery.notification)

    def _content(self, delivery: Delivery) -> P:
        """Return what one request tells of a delivery; one that has changed since has the last."""
        requests = self._rendering(delivery).requests
        return requests[min(delivery.targets[0].part, len(requests) - 1)]


class RenderingChannel(ChatChannel[P]):
    """A chat service that renders notifications by itself, and remembers what it made of them.

    Args:
        http: Sends the requests.
        timeout: Seconds for one attempt as a whole.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(http, timeout, clock)
        self._rendered = Renderings(self._rich)

    @abstractmethod
    def contents(self, notification: Notification, notes: Notes, *, plain: bool) -> tuple[P, ...]:
        """Return the content of each request that tells a notification.

        Args:
            notification: What to say.
            notes: Takes what is left out.
            plain: As plain text.
        """

    def render(self, notification: Notification) -> Rendered[P]:
        """See ``ChatChannel.render``."""
        return self._rendered.of(notification)

    def render_plain(self, notification: Notification) -> Rendered[P]:
        """See ``ChatChannel.render_plain``."""
        return self._write(notification, plain=True)

    def _rich(self, notification: Notification) -> Rendered[P]:
        return self._write(notification, plain=False)

    def _write(self, notification: Notification, *, plain: bool) -> Rendered[P]:
        notes = Notes()
        contents = self.contents(notification, notes, plain=plain)
        return Rendered(contents, notes.all())
