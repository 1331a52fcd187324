"""Intake: poll, parse, route, hand over to the lanes; never more than there is room for."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from functools import partial

from app.edges.kafka.consumer import Consumer, PositionLostError
from app.engine.addresses import Addresses
from app.engine.dispatch import Dispatcher
from app.engine.item import Item
from app.engine.journal import Journal
from app.engine.partition import Assigned, Assignment
from app.engine.settlement import Settler
from app.policies.parsing import parse
from app.policies.repeats import Repeats
from app.policies.routing import route
from app.policies.statistics import Verdict
from app.values.errors import (
    InvalidRecordError,
    KafkaRefusedError,
    KafkaUnavailableError,
    TemplateError,
    UnroutableError,
)
from app.values.outcome import Reason
from app.values.record import Record, TopicPartition

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024
RETRY_SECONDS = 1.0


class Intake:
    """Takes records and turns them into deliveries.

    Args:
        assignment: The partitions this worker has.
        dispatcher: Takes deliveries.
        settler: Closes the books of what needs no delivery.
        addresses: Recipients, templates and default destinations.
        repeats: What was delivered in full a short while ago.
        journal: Where unusable records are written down.
        max_in_flight: Items received and unsettled at most.
        may_admit: Says whether records may be taken now (commits are acknowledged).

    Attributes:
        paused: Take nothing until it is False again; set it through ``pause``.
        polled_at: Monotonic seconds when the poll task last came round.
        admitted_at: Monotonic seconds when a record was last taken.
    """

    def __init__(
        self,
        assignment: Assignment,
        dispatcher: Dispatcher,
        settler: Settler,
        addresses: Addresses,
        repeats: Repeats,
        journal: Journal,
        *,
        max_in_flight: int,
        may_admit: Callable[[], bool],
    ) -> None:
        self._assignment = assignment
        self._dispatcher = dispatcher
        self._settler = settler
        self._addresses = addresses
        self._repeats = repeats
        self._journal = journal
        self._max_in_flight = max_in_flight
        self._may_admit = may_admit
        self._bytes = 0
        self._leaders: dict[bytes, Item] = {}
        self._change = asyncio.Event()
        self.paused = False
        self.polled_at = self.admitted_at = journal.monotonic()

    async def run(self, consumer: Consumer, max_poll_records: int) -> None:
        """Poll until cancelled."""
        while True:
            self.polled_at = self._journal.monotonic()
            room = min(self._room(), max_poll_records)
            if room <= 0:
                await self._wait_for_room()
                await consumer.poll((), 1, 0)  # keeps the consumer's idle timer fresh
                continue
            try:
                records = await consumer.poll(self._assignment.partitions(), room, POLL_SECONDS)
            except PositionLostError as lost:
                await self._find_start(consumer, lost.partitions)
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                log.error("polling failed, trying again: %s", error)  # noqa: TRY400 - Kafka's own words say it all
                await asyncio.sleep(RETRY_SECONDS)
            else:
                if self.paused:  # since the poll began to wait
                    consumer.give_back(records)
                    continue
                for record in records:
                    self._admit(record)
                if records:
                    self.admitted_at = self._journal.monotonic()
                    await asyncio.sleep(0)  # a full backlog must not keep the loop to itself

    @property
    def open(self) -> bool:
        """Whether records would be taken now."""
        return self._room() > 0

    def wake(self) -> None:
        """Look again whether there is room."""
        self._change.set()

    def reset(self) -> None:
        """Forget what was in flight; its items were dropped."""
        self._bytes = sum(item.size for item in self._assignment.items())
        self._leaders = {
            digest: leader for digest, leader in self._leaders.items() if leader.assigned.active
        }
        self.wake()

    def settled(self, item: Item, verdict: Verdict) -> None:
        """Make room, remember what was sent, and decide about repeats that waited for it."""
        self._bytes -= item.size
        self._change.set()
        notification = item.notification
        if verdict is Verdict.SENT and notification and notification.message_id is not None:
            self._repeats.remember(item.digest, self._journal.monotonic())
        if self._leaders.get(item.digest) is not item:
            return
        del self._leaders[item.digest]
        if verdict is Verdict.SENT:
            for follower in item.followers:
                self._drop_repeat(follower)
        elif item.followers:
            first, *rest = item.followers
            first.followers = rest
            self._leaders[first.digest] = first
            self._deliver(first)

    def _room(self) -> int:
        if self.paused or not self._may_admit() or self._bytes >= MAX_BYTES_IN_FLIGHT:
            return 0
        return self._max_in_flight - self._assignment.in_flight

    async def _wait_for_room(self) -> None:
        self._change.clear()
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._change.wait()
        except TimeoutError:
            return

    def _admit(self, record: Record) -> None:
        assigned = self._assignment[record.partition]
        leftover = assigned.leftovers.pop(record.offset, None)
        if leftover is not None:
            self._join(leftover, record)
            return
        item = Item(record, assigned, hashlib.sha256(record.value or b"").digest())
        assigned.enter(item)
        self._bytes += item.size
        reason, error = self._understand(item)
        if reason is not None:
            item.refuse(reason, error)
            item.first_failure = self._journal.now()
            self._journal.unusable(item, None, reason, error)
            self._settler.finish(item)
        elif not self._is_repeat(item):
            self._deliver(item)

    def _join(self, item: Item, record: Record) -> None:
        """Go on with an item whose partition was away: what was delivered stays delivered."""
        item.assigned = self._assignment[record.partition]
        item.assigned.enter(item)
        self._bytes += item.size
        self._dispatcher.resubmit(item)
        if item.finished:
            self._settler.finish(item)

    def _understand(self, item: Item) -> tuple[Reason | None, str]:
        try:
            item.notification = parse(
                item.record.value,
                timestamp=item.record.timestamp,
                recipients=self._addresses.recipients,
                templates=self._addresses.templates,
            )
        except UnroutableError as error:
            return Reason.UNROUTABLE, str(error)
        except (InvalidRecordError, TemplateError) as error:
            return Reason.INVALID, str(error)
        return None, ""

    def _is_repeat(self, item: Item) -> bool:
        """Settle or set aside a repeat. Without ``message_id`` nothing is compared."""
        if item.notification is None or item.notification.message_id is None:
            return False
        if self._repeats.is_repeat(item.digest, self._journal.monotonic()):
            self._drop_repeat(item)
            return True
        leader = self._leaders.setdefault(item.digest, item)
        if leader is item:
            return False
        leader.followers.append(item)
        return True

    def _drop_repeat(self, item: Item) -> None:
        if not item.assigned.active:
            return
        item.assigned.settle(item)
        self._bytes -= item.size
        self._journal.statistics.duplicate += 1

    def _deliver(self, item: Item) -> None:
        notification = item.notification
        if notification is None:
            raise ValueError("only a parsed item can be delivered")
        source = notification.message_id or item.record.coordinates
        routed = route(notification, self._addresses.defaults, source=source, digest=item.digest)
        for target, error in routed.unroutable:
            item.fail(target, Reason.UNROUTABLE, error, self._journal.now())
            self._journal.unusable(item, target, Reason.UNROUTABLE, error)
        self._dispatcher.submit(item, routed.deliveries)
        if not routed.deliveries:
            self._settler.finish(item)

    async def _find_start(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Go on at the start of the log where the next record is no longer there."""
        starts = await consumer.log_starts(partitions)
        for partition, start in starts.items():
            assigned = self._assignment[partition]
            log.error(
                "%s/%d: the log no longer holds offset %d (retention, or the topic was made anew); "
                "going on at %d",
                *partition,
                assigned.position,
                start,
            )
            if start >= assigned.position:
                assigned.position = start
            else:
                old = self._assignment.restart(partition, start)
                self._dispatcher.discard(partial(_belongs_to, old))
                self.reset()
            consumer.seek(partition, start)


def _belongs_to(assigned: Assigned, item: Item) -> bool:
    return item.assigned is assigned
