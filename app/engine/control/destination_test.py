"""One test notification, straight to a destination."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from app.edges.channels.base import Channel
from app.engine.addresses import Addresses
from app.engine.clock import EngineClock
from app.engine.control.known_destinations import Known
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import STATUS
from app.policies.books.pauses import destination_id
from app.policies.routing import route
from app.policies.texts.plain_text import clip
from app.policies.texts.test_messages import DESTINATION_TEST, DESTINATION_TEST_TITLE
from app.values.channel import AddressKind
from app.values.delivery import Delivery, Destination
from app.values.errors import UntestableError
from app.values.notification import Notification, Request
from app.values.outcome import Answer, Delivered
from app.values.snapshot import AttemptStatus

PATIENCE: Final = 10.0
"""Seconds that a test waits until its destination may be asked."""
LONGEST_ERROR: Final = 500
Judged = tuple[AttemptStatus, str | None, float | None]
"""The status of an attempt, the error if it failed, and the seconds that it took."""


class DestinationTest:
    """Sends test notifications: within the lane's limits, ahead of what waits.

    The lane learns from the answer; no statistics count it.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        channels: Mapping[str, Channel],
        addresses: Addresses,
        clock: EngineClock,
    ) -> None:
        self._dispatcher = dispatcher
        self._channels = channels
        self._addresses = addresses
        self._clock = clock

    async def run(self, known: Known, by: str) -> Judged:
        """Test a destination, paused or not; its limits hold for that, too.

        Raises:
            UntestableError: It is not known to whom the notification would go.
        """
        delivery = self._delivery(known, by)
        lane = self._dispatcher.lane(delivery.destination)
        lane.probe_now()
        channel, began = self._channels[delivery.destination.channel], self._clock.monotonic()
        try:
            answer = await lane.asides.ask(channel, delivery, PATIENCE, though_paused=True)
        except TimeoutError:
            said = lane.last_error or f"it may not be asked within {PATIENCE:g} s"
            return AttemptStatus.RATE_LIMITED, said, None
        if answer is None:
            return AttemptStatus.RETRY, "the worker is restarting", None
        return (*_judged(answer), self._clock.monotonic() - began)

    def _delivery(self, known: Known, by: str) -> Delivery:
        at = known.destination
        if at is None:
            raise UntestableError(
                f"this worker has sent nothing to {known.label} yet, and does not know its address:"
                " test it at a worker that has"
            )
        told = Notification(
            content=DESTINATION_TEST.format(by=by),
            requests=(self._request(known, at),),
            message_id=f"test-{known.id}-{self._clock.now():.3f}",
            title=DESTINATION_TEST_TITLE,
        )
        routed = route(
            told,
            self._addresses.defaults,
            self._addresses.channels,
            source=told.message_id or "",
            digest=sha256(told.content.encode()).digest(),
        )
        for delivery in routed.deliveries:
            if destination_id(delivery.destination) == known.id:
                return delivery
        errors = [error for _, error in routed.unroutable] or ["its address leads elsewhere now"]
        raise UntestableError(f"{known.label} cannot be tested: {errors[0]}")

    def _request(self, known: Known, at: Destination) -> Request:
        """Return whom a test goes to: the one who was told last, or whoever gets mail by default.

        Nobody else: a mail server reaches everybody.
        """
        if self._addresses.channels[at.channel].kind is not AddressKind.URL:
            return Request(at.channel)
        target = known.lane.last_target if known.lane else None
        if target is not None:
            return Request(at.channel, (target.address,), access=((target.address, target.access),))
        access = self._addresses.recipients.access_to(at.address)
        return Request(at.channel, (at.address,), access=((at.address, access),))


def _judged(answer: Answer) -> tuple[AttemptStatus, str | None]:
    """Return the first outcome that is no success, with its text; else the success."""
    for outcome in (each for told in answer.outcomes for each in told):
        if not isinstance(outcome, Delivered):
            return STATUS[type(outcome)], clip(outcome.error, LONGEST_ERROR)
    return AttemptStatus.DELIVERED, None
