"""What chat services share: render once, merge while a limit holds, plain text if refused."""

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
"""Notifications in one request at most: if it is refused, each is sent again by itself."""
PLAIN = Note("", "the service refused its form; sent as plain text")


class Rendered(msgspec.Struct, Generic[P], frozen=True):
    """A notification as it is rendered for a service."""

    requests: tuple[P, ...]  # the content of each request, at least one
    notes: tuple[Note, ...] = ()  # what was left out, or changed


class ChatChannel(HttpChannel, Generic[P]):
    """A chat service: people read it from top to bottom, and it limits how often it may be asked.

    A service's class renders a notification, composes a request, and says what fits into one.
    """

    most_merged = MOST_MERGED
    in_order = True

    @abstractmethod
    def render(self, notification: Notification) -> Rendered[P]:
        """Return a notification as the service's form has it.

        It is called often (see ``Renderings``), and takes bounded time and space.
        """

    @abstractmethod
    def render_plain(self, notification: Notification) -> Rendered[P]:
        """Return the same as plain text, which the service can hardly refuse."""

    @abstractmethod
    def compose(self, contents: Sequence[P], target: Target, now: float) -> HttpRequest:
        """Return the request for one notification, or for several that fit."""

    @abstractmethod
    def fits(self, contents: Sequence[P], more: P) -> bool:
        """Say whether one more notification fits into a request."""

    def prepare(self, delivery: Delivery) -> None:
        """See ``Channel.prepare``."""
        self.render(delivery.notification)

    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """See ``HttpChannel.request``."""
        contents = [self._content(each) for each in deliveries]
        return self.compose(contents, deliveries[0].targets[0], now)

    def notes(self, delivery: Delivery) -> tuple[Note, ...]:
        """Return what was left out of a notification; only its first request has notes."""
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
        """Return the content of a delivery's request; the last one if there are fewer by now."""
        requests = self._rendering(delivery).requests
        return requests[min(delivery.targets[0].part, len(requests) - 1)]


class RenderingChannel(ChatChannel[P]):
    """A chat service with a renderer of its own, whose results are cached."""

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(http, timeout, clock)
        self._rendered = Renderings(self._rich)

    @abstractmethod
    def content(self, notification: Notification, notes: Notes, *, plain: bool) -> P:
        """Return the content of the one request that a notification takes.

        Args:
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
        content = self.content(notification, notes, plain=plain)
        return Rendered((content,), notes.all())
