"""Publishes notifications to the topic, for the control plane."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from app.edges.kafka.producer import Producer
from app.engine.addresses import Addresses
from app.engine.tasks import Spawn
from app.policies.headers.trace_context import context_texts
from app.policies.parsing import parse
from app.policies.parsing.json_text import read_json
from app.policies.service.embedded_capacity import EmbeddedCapacity, record_size
from app.policies.texts.test_messages import CHANNELS, Kind, test_message
from app.values.channel import AddressKind
from app.values.control import Published, PublishWarning, TestBatch
from app.values.errors import (
    InvalidItemsError,
    InvalidRecordError,
    KafkaRefusedError,
    KafkaUnavailableError,
    TemplateError,
    UnroutableError,
)
from app.values.note import Note
from app.values.notification import Notification
from app.values.record import Headers, TopicPartition
from app.values.trace import TraceContext

log = logging.getLogger(__name__)

BATCH = 500
_QUICK_BYTES = 64 * 1024  # what is larger is checked in a thread
"""Records that are under way at once."""

Positions = Iterable[tuple[TopicPartition, int]]


class Publisher:
    """Writes to the first of the consumed topics and waits for the acknowledgement.

    Args:
        topic: Where notifications go.
        settled: The lowest unsettled offset of every partition this process has.
        make_topic: Makes the topic if it is not there: the worker may not have run yet.
    """

    def __init__(
        self,
        producer: Producer,
        topic: str,
        addresses: Addresses,
        *,
        capacity: EmbeddedCapacity | None,
        settled: Callable[[], Positions],
        spawn: Spawn,
        now: Callable[[], datetime],
        make_topic: Callable[[], Awaitable[None]],
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._addresses = addresses
        self._capacity = capacity
        self._settled = settled
        self._spawn = spawn
        self._now = now
        self._make_topic = make_topic

    async def publish(
        self,
        items: Sequence[bytes],
        idempotency_key: str | None,
        trace: TraceContext | None = None,
    ) -> Published:
        """Publish JSON objects (docs/contract.md#messages); return their ids and what to warn of.

        Args:
            items: One JSON object each. Without ``message_id`` it is given one.
            idempotency_key: Ids derive from it, so that a repeated request is recognised by
                whichever worker it reaches.
            trace: Of whoever publishes them, for their records.

        Raises:
            InvalidItemsError: Some are no notifications; nothing was published.
            KafkaUnavailableError: Not acknowledged in time.
            KafkaRefusedError: Kafka said no.
        """
        if sum(map(len, items)) > _QUICK_BYTES:  # others are not to wait for it
            checked = asyncio.to_thread(self._checked, items, idempotency_key)
            records, published = await checked
        else:
            records, published = self._checked(items, idempotency_key)
        texts = context_texts(trace) if trace is not None else ()
        await self._send(records, tuple((name, text.encode()) for name, text in texts))
        return published

    async def publish_test(self, kind: str, count: int, delay: float) -> TestBatch:
        """Publish test messages; with a delay, go on in the background.

        Args:
            delay: Seconds between them; 0 publishes all and waits for the acknowledgements.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Not acknowledged (without a delay).
        """
        ids = tuple(f"test-{uuid4()}" for _ in range(count))
        if delay > 0:
            work = self._publish_slowly(Kind(kind), ids, delay)
            self._spawn(work, f"test notifications {ids[0]}")
            return TestBatch(type=kind, requested=count, published=0, message_ids=ids)
        numbered = enumerate(ids, start=1)
        await self._send([self._test_record(Kind(kind), *one) for one in numbered])
        return TestBatch(type=kind, requested=count, published=count, message_ids=ids)

    def warning_for(self, kind: str) -> str | None:
        """Say that this service has no destination for a test type, or None."""
        defaults = self._addresses.defaults
        kinds = {self._addresses.channels[name].kind for name in CHANNELS[Kind(kind)]}
        lacking = []
        if AddressKind.URL in kinds and defaults.webhook_url is None:
            lacking.append("webhook (set NOTIFIER_WEBHOOK__DEFAULT_URL)")
        if AddressKind.MAIL in kinds and not (defaults.smtp and defaults.email_to):
            lacking.append("email (set NOTIFIER_EMAIL__HOST and NOTIFIER_EMAIL__DEFAULT_TO)")
        return f"this service has no destination for {' and '.join(lacking)}" if lacking else None

    async def _publish_slowly(self, kind: Kind, ids: Sequence[str], delay: float) -> None:
        for number, message_id in enumerate(ids, start=1):
            if number > 1:
                await asyncio.sleep(delay)
            try:
                await self._send([self._test_record(kind, number, message_id)])
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                log.error("test notification %d was not published: %s", number, error)  # noqa: TRY400 - Kafka's own words say it all

    def _test_record(self, kind: Kind, number: int, message_id: str) -> tuple[bytes, bytes]:
        return message_id.encode(), test_message(kind, number, message_id, self._now())

    def _checked(
        self, items: Sequence[bytes], idempotency_key: str | None
    ) -> tuple[list[tuple[bytes, bytes]], Published]:
        records: list[tuple[bytes, bytes]] = []
        ids: list[str] = []
        warnings: list[PublishWarning] = []
        invalid: list[tuple[int, InvalidRecordError]] = []
        for index, item in enumerate(items):
            try:
                notification = parse(
                    item,
                    timestamp=self._now().timestamp(),
                    recipients=self._addresses.recipients,
                    templates=self._addresses.templates,
                    channels=self._addresses.channels,
                )
            except InvalidRecordError as error:
                invalid.append((index, error))
                continue
            except UnroutableError as error:
                invalid.append((index, InvalidRecordError(str(error), error.field)))
                continue
            except TemplateError as error:
                invalid.append((index, InvalidRecordError(str(error))))
                continue
            value, message_id = item, notification.message_id
            if message_id is None:
                message_id = _new_id(idempotency_key, index)
                value = _with_id(item, message_id)
            key = notification.ordering_key or message_id
            records.append((key.encode(), value))
            ids.append(message_id)
            warnings += (PublishWarning.of(index, note) for note in _remarks(notification))
        if invalid:
            raise InvalidItemsError(invalid)
        return records, Published(tuple(ids), tuple(warnings))

    async def _send(self, records: Sequence[tuple[bytes, bytes]], headers: Headers = ()) -> None:
        await self._make_topic()
        failures: list[BaseException] = []
        for first in range(0, len(records), BATCH):
            failures += await self._send_batch(records[first : first + BATCH], headers)
        if not failures:
            return
        if isinstance(failures[0], KafkaUnavailableError) and len(records) > 1:
            raise KafkaUnavailableError(
                f"{len(failures)} of {len(records)} notifications were not acknowledged: "
                f"{failures[0]}"
            ) from failures[0]
        raise failures[0]

    async def _send_batch(
        self, records: Sequence[tuple[bytes, bytes]], headers: Headers
    ) -> list[BaseException]:
        sizes = [record_size(key, value, headers) for key, value in records]
        if self._capacity is not None:
            for partition, offset in self._settled():
                self._capacity.settled(partition, offset)
            try:
                self._capacity.reserve(self._topic, sizes)
            except KafkaUnavailableError as error:
                return [error] * len(records)
        results = await asyncio.gather(
            *(
                self._send_one(*record, headers, size)
                for record, size in zip(records, sizes, strict=True)
            ),
            return_exceptions=True,
        )
        return [result for result in results if result is not None]

    async def _send_one(self, key: bytes, value: bytes, headers: Headers, size: int) -> None:
        try:
            partition, offset = await self._producer.send(self._topic, key, value, headers)
        except BaseException:
            if self._capacity is not None:
                self._capacity.release(self._topic, [size])
            raise
        if self._capacity is not None:
            self._capacity.published(partition, offset, size)


def _remarks(notification: Notification) -> Iterator[Note]:
    """Yield what will be left out or changed, and which channels or users cannot be reached."""
    yield from notification.notes
    for request in notification.requests:
        if request.problem is not None:
            yield request.problem


def _new_id(idempotency_key: str | None, index: int) -> str:
    if idempotency_key is None:
        return str(uuid4())
    return hashlib.sha256(f"{idempotency_key}\n{index}".encode()).hexdigest()[:32]


def _with_id(item: bytes, message_id: str) -> bytes:
    fields: dict[str, Any] = read_json(item)
    return msgspec.json.encode({**fields, "message_id": message_id})
