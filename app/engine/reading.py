"""Reading: parses and routes records; heavy ones in a thread."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import msgspec

from app.engine.addresses import Addresses
from app.engine.clock import EngineClock
from app.engine.inflight.item import Item
from app.policies.books.resuming import still_to_send
from app.policies.limits.lifetimes import with_default_lifetime
from app.policies.parsing import parse
from app.policies.routing import Routed, route
from app.values.delivery import Delivery
from app.values.notification import Notification

HEAVY = 65_536
"""Bytes; a larger record may name so many recipients that reading it would block the event loop."""


class Reader:
    """Parses and routes.

    Args:
        addresses: Recipients, templates and default destinations.
        clock: Tells the time.
        default_ttl: Seconds that a notification without a lifetime of its own has; 0 for no end.
        prepare: Does in advance what takes long for a delivery (``Channel.prepare``).
    """

    def __init__(
        self,
        addresses: Addresses,
        clock: EngineClock,
        default_ttl: float,
        prepare: Callable[[Delivery], None],
    ) -> None:
        self._addresses = addresses
        self._clock = clock
        self._default_ttl = default_ttl
        self._prepare = prepare
        self._ahead: dict[str, _Read | Exception] = {}

    async def read_ahead(self, item: Item) -> None:
        """Read an item in a thread; when its turn comes, that has been done.

        Args:
            item: Not in the books yet; only its record is used.
        """
        self._ahead[item.record.coordinates] = await asyncio.to_thread(self._read, item)

    def forget(self) -> None:
        """Drop what was read ahead."""
        self._ahead.clear()

    def parse(self, item: Item) -> Notification:
        """Return what an item's record says.

        Raises:
            InvalidRecordError, TemplateError, UnroutableError: It cannot be used.
        """
        if not self._ahead:  # its name would be made for nothing, of every record
            return self._parse(item)
        match self._ahead.get(item.record.coordinates):
            case None:
                return self._parse(item)
            case _Read(notification=notification):
                return notification
            case error:
                raise error

    def route(self, item: Item, notification: Notification) -> Routed:
        """Return where a notification goes, as far as it has not been there."""
        if not self._ahead:
            return self._route(item, notification)
        ahead = self._ahead.pop(item.record.coordinates, None)
        if isinstance(ahead, _Read) and ahead.notification is notification:
            return ahead.routed
        return self._route(item, notification)

    def _read(self, item: Item) -> "_Read | Exception":
        try:
            notification = self._parse(item)
            routed = self._route(item, notification)
        except Exception as error:  # noqa: BLE001 - raised in its turn
            return error
        with suppress(Exception):  # its attempt meets the same fault, and tells
            for delivery in routed.deliveries:
                self._prepare(delivery)
        return _Read(notification, routed)

    def _parse(self, item: Item) -> Notification:
        published_at = item.published_at
        notification = parse(
            item.record.value,
            timestamp=published_at,
            recipients=self._addresses.recipients,
            templates=self._addresses.templates,
            channels=self._addresses.channels,
        )
        if item.before is not None or not self._default_ttl:
            return notification
        now = self._clock.broker_now()
        return with_default_lifetime(notification, published_at, now, self._default_ttl)

    def _route(self, item: Item, notification: Notification) -> Routed:
        if not notification.requests:
            return Routed((), ())
        source = notification.message_id
        if source is None:
            source = item.origin.coordinates
        routed = route(
            notification,
            self._addresses.defaults,
            self._addresses.channels,
            source=source,
            digest=item.digest,
        )
        return routed if item.before is None else still_to_send(routed, item.before)


class _Read(msgspec.Struct, frozen=True):
    notification: Notification
    routed: Routed
