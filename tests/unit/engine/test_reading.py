"""Reading records: what is heavy is read beside the event loop, and has its turn all the same."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from app.engine.admission import Admission, digest_of
from app.engine.group.intake import Intake
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item
from app.engine.inflight.partition import Assigned, Start
from app.engine.reading import HEAVY, Reader
from app.policies.routing import Defaults
from app.values.delivery import Delivery
from app.values.errors import InvalidRecordError
from app.values.recipients import Recipients
from app.values.record import Record, TopicPartition
from tests.support.channels import KNOWN
from tests.support.control import StillBoard
from tests.support.engine import PARTITION, SkewedClock, observer, record, until
from tests.support.stage import Stage

OTHER = TopicPartition("notifications", 1)


class WatchedAddresses:
    """Nobody is known; it remembers who asked."""

    templates: Any = None
    channels = KNOWN
    defaults = Defaults(smtp="smtp://mail.test:25")

    def __init__(self) -> None:
        self.asked: list[int] = []  # identifiers of the threads

    @property
    def recipients(self) -> Recipients:
        """Nobody."""
        self.asked.append(threading.get_ident())
        return Recipients()


def item(value: bytes) -> Item:
    """Return an item that is in no books."""
    return Item(record(value), 0, b"d" * 32, 0.0, None)


def mail_to(count: int) -> bytes:
    """Return a record for so many recipients."""
    to = [f"a{number}@b.c" for number in range(count)]
    return msgspec.json.encode({"content": "x", "channels": ["email"], "kwargs": {"to": to}})


async def test_what_is_read_ahead_is_read_in_a_thread_and_once() -> None:
    """In its turn it is there, routed."""
    addresses, prepared = WatchedAddresses(), list[Delivery]()
    reader = Reader(addresses, SkewedClock(), 0.0, prepared.append)  # type: ignore[arg-type]
    heavy = item(mail_to(20_000))
    await reader.read_ahead(heavy)
    notification = reader.parse(heavy)
    routed = reader.route(heavy, notification)
    assert prepared == list(routed.deliveries)
    assert sum(len(delivery.targets) for delivery in routed.deliveries) == 20_000
    (thread,) = addresses.asked
    assert thread != threading.get_ident()


async def test_what_was_not_read_ahead_is_read_in_its_turn() -> None:
    """By the event loop; so is what was read ahead and forgotten."""
    addresses, prepared = WatchedAddresses(), list[Delivery]()
    reader = Reader(addresses, SkewedClock(), 0.0, prepared.append)  # type: ignore[arg-type]
    light = item(mail_to(1))
    await reader.read_ahead(light)
    reader.forget()
    reader.route(light, reader.parse(light))
    assert addresses.asked[-1] == threading.get_ident()


async def test_what_cannot_be_used_says_so_in_its_turn() -> None:
    """And is not read a second time for it."""
    addresses, prepared = WatchedAddresses(), list[Delivery]()
    reader = Reader(addresses, SkewedClock(), 0.0, prepared.append)  # type: ignore[arg-type]
    bad = item(b"[" + b" " * HEAVY)
    await reader.read_ahead(bad)
    asked = list(addresses.asked)
    with pytest.raises(InvalidRecordError):
        reader.parse(bad)
    assert addresses.asked == asked


async def test_heavy_records_keep_their_place(stage: Stage) -> None:
    """What is light and stands behind them in their partition stays behind them."""
    worker = await stage.running()
    texts = ["first", "x" * 2 * HEAVY, "second", "y" * 2 * HEAVY, "third"]
    hook = {"webhook_url": "http://hooks.example/one"}
    await stage.publish(
        *(
            {"content": text, "channels": ["webhook"], "ordering_key": "k", "kwargs": hook}
            for text in texts
        )
    )
    await until(lambda: worker.snapshot().messages_sent == len(texts))
    assert stage.channel.contents == texts


class FewRecords:
    """A consumer that has these records; it remembers what it was given back."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self.returned: list[Record] = []

    async def poll(self, *_: object) -> Sequence[Record]:
        """Return them."""
        return self._records

    def give_back(self, records: Sequence[Record]) -> None:
        """Remember them."""
        self.returned += records


class Reading:
    """A flow and an admission whose reading takes a partition away, and stops after some records."""

    def __init__(self, assignment: Assignment, most: int) -> None:
        self._assignment = assignment
        self._most = most
        self.admitted: list[Record] = []

    async def read_ahead(
        self, records: Sequence[Record], held: Mapping[TopicPartition, Assigned]
    ) -> Sequence[Record]:
        """Have the first partition come back, and read so many."""
        assert set(held) == {PARTITION, OTHER}
        self._assignment.restart(PARTITION, Start(0))
        return records[: self._most]

    @property
    def room(self) -> int:
        """There is room."""
        return 1000

    def received(self, records: Sequence[Record], _: Assigned) -> None:
        """Remember them."""
        self.admitted += records


class StandingStill:
    """Positions that nothing happened to."""

    def turn(self) -> bool:
        """Nothing stood still."""
        return False


async def test_partitions_that_went_while_records_were_read_take_none_of_them() -> None:
    """Those that stayed do, as far as was read; the rest is polled again."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(0), OTHER: Start(0)}, {})
    gone = Record(PARTITION, 0, 1.0, None, b"x" * (HEAVY + 1), ())
    stayed = [Record(OTHER, offset, 1.0, None, b"{}", ()) for offset in range(3)]
    consumer = FewRecords([gone, *stayed])
    admission: Any = Reading(assignment, 3)
    watch: Any = type("Watch", (), {"check": lambda *_: None})()
    clock = SkewedClock()
    seen = observer(clock)
    intake = Intake(
        assignment,
        admission,
        admission,
        clock,
        seen,
        watch,
        may_admit=lambda: True,
        pauses=StillBoard(clock),
    )
    await intake._take_from(consumer, StandingStill(), [PARTITION, OTHER], 10, 0)  # type: ignore[arg-type]
    assert admission.admitted == stayed[:2]
    assert consumer.returned == stayed[2:]


async def test_reading_stops_before_it_keeps_the_others_for_long(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no time for it, one heavy record is read at a time."""
    monkeypatch.setattr("app.engine.admission.LONGEST_READING", -1.0)
    worker = stage.worker()
    assignment = Assignment()
    assignment.give({PARTITION: Start(0)}, {})
    admission: Admission = worker.parts.admission
    heavy = [Record(PARTITION, offset, 1.0, None, b"x" * (HEAVY + 1), ()) for offset in range(2)]
    light = record(b"{}", offset=9)
    held = {PARTITION: assignment[PARTITION]}
    assert await admission.read_ahead([light, *heavy], held) == [light]
    assert await admission.read_ahead([light, light], held) == [light, light]


async def test_the_digest_of_what_is_heavy_is_made_in_a_thread_and_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another record at the same offset has its own."""
    threads: list[int] = []

    def watched(each: Record) -> bytes:
        threads.append(threading.get_ident())
        return digest_of(each)

    monkeypatch.setattr("app.engine.admission.digest_of", watched)
    admission = stage.worker().parts.admission
    assignment = Assignment()
    assignment.give({PARTITION: Start(0)}, {})
    assigned = assignment[PARTITION]
    heavy = [Record(PARTITION, offset, 1.0, None, b"x" * (HEAVY + 1), ()) for offset in range(2)]
    await admission.read_ahead(heavy, {PARTITION: assigned})
    assert admission.item(heavy[0], assigned, 0.0).digest == digest_of(heavy[0])
    assert len(threads) == 2
    assert threading.get_ident() not in threads
    made_anew = Record(PARTITION, 1, 1.0, None, b"another", ())
    assert admission.item(made_anew, assigned, 0.0).digest == digest_of(made_anew)
