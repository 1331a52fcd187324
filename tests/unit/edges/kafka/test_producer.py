"""The producer on a broker: what others write, it can write too."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.connection import Connection
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.producer import LARGEST_RECORD, Producer
from app.edges.kafka.producer_batches import Place
from app.edges.kafka.producer_client import ProducerClient
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError
from app.values.record import Record
from tests.support.broker_faults import BROKER, NOBODY, PRODUCE, BrokerFaults
from tests.support.engine import until
from tests.support.topic import make_topics

INVALID_RECORD, TOO_LARGE, NOT_ALLOWED, BAD_TIMESTAMP = 87, 10, 29, 32
NO_LEADER, FEW_REPLICAS, DISK_LOST, QUOTA = 6, 19, 56, 89
OUT_OF_ORDER, NEWER_EPOCH, NO_SUCH_ID, UNKNOWN, TIMED_OUT = 45, 47, 49, -1, 7


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    """A running broker with the topics that are written to."""
    async with EmbeddedBroker() as started:
        await make_topics(started.address, "letters", "aside")
        yield started


@pytest.fixture
def faults(broker: EmbeddedBroker) -> BrokerFaults:
    """What is wrong with the broker."""
    return BrokerFaults(broker)


@pytest.fixture
async def producer(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Producer]:
    """A producer to it, with little patience."""
    monkeypatch.setattr("app.edges.kafka.producer.INTERVAL", 0.0)
    connection = Connection(broker.address, {"bootstrap_servers": broker.address})
    made = Producer(connection, timeout=5.0, patience=0.5)
    yield made
    await made.close()


def client_of(producer: Producer) -> ProducerClient:
    """Return the client that it has now."""
    assert producer._client is not None
    return producer._client


async def write(producer: Producer, value: bytes = b"value") -> int:
    """Write a record of one key, and return its offset."""
    place = await producer.write("letters", b"key", value)
    return place[1]


@pytest.mark.parametrize("key", [None, b"", b"key"])
@pytest.mark.parametrize("value", [None, b"", b"value"])
async def test_any_key_and_any_value_can_be_written(
    producer: Producer, key: bytes | None, value: bytes | None
) -> None:
    """Even neither, which aiokafka asserts that nobody writes."""
    first = await producer.write("letters", key, value, (("notifier.reason", b"not_json"),))
    second = await producer.send("letters", key, value)
    assert first[0].topic == second[0].topic == "letters"


async def written(connection: Connection, topic: str) -> list[Record]:
    """Return what stands in a topic."""
    async with LogReader(connection, topic, 5) as log:
        ranges = {number: offsets for number, offsets in (await log.ranges()).items() if offsets}
        stretches = await log.read(ranges, lambda _: True)
    return [one for stretch in stretches.values() for one in stretch.records]


async def test_what_a_fetch_may_unpack_to_can_be_written(producer: Producer) -> None:
    """Limits hold for compressed batches: it goes out as small as it came in."""
    connection = producer._connection
    value = b"[" + b'{"code": "600519", "price": 1700.0}, ' * 100_000 + b"{}]"
    small = Producer(connection, compression="zstd", now=lambda: 1_767_268_800.5)
    try:
        await small.send("aside", b"key", value, (("own", b"1"),))
    finally:
        await small.close()
    (record,) = await written(connection, "aside")
    assert (record.key, record.value, record.headers) == (b"key", value, (("own", b"1"),))
    assert record.timestamp == 1_767_268_800.5


async def test_a_broker_that_makes_up_its_time_is_not_believed(producer: Producer) -> None:
    """An embedded one of another worker's says 1970: no clock is 50 years off."""
    told: list[float] = []
    believing = Producer(producer._connection, on_append=told.append)
    try:
        await believing.send("letters", b"key", b"value")
    finally:
        await believing.close()
    assert told == []


async def test_what_is_heavy_is_compressed_beside_the_loop(
    producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8 MB keep the loop for 70 ms. What is light is not worth a thread, and keeps its order."""
    threads: list[threading.Thread] = []
    build = BatchBuilder._build

    def noted(builder: BatchBuilder) -> bytes:
        if builder._buffer is None:
            threads.append(threading.current_thread())
        data: bytes = build(builder)
        return data

    monkeypatch.setattr(BatchBuilder, "_build", noted)
    small = Producer(producer._connection, compression="zstd")
    try:
        heavy = small.send("aside", b"key", b"heavy " * 100_000)
        places = await asyncio.gather(heavy, small.send("aside", b"key", b"light"))
    finally:
        await small.close()
    assert [offset for _, offset in places] == [0, 1]
    main = threading.main_thread()
    assert [thread is main for thread in threads] == [False, True]


async def test_what_no_request_can_hold_is_refused_before_it_is_sent(producer: Producer) -> None:
    """Brokers hang up on such requests, and would be asked again for ever."""
    with pytest.raises(RecordTooLargeError):
        await producer.send("letters", b"key", b"x" * (LARGEST_RECORD + 1))
    await producer.send("letters", b"key", b"x")


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (INVALID_RECORD, KafkaRefusedError, "does not take such a record"),
        (BAD_TIMESTAMP, KafkaRefusedError, "the clocks of this machine"),
        (TOO_LARGE, RecordTooLargeError, "too large"),
        (NOT_ALLOWED, KafkaRefusedError, "not write to letters: allow it Write"),
    ],
)
async def test_what_is_refused_leaves_no_gap(
    producer: Producer, faults: BrokerFaults, code: int, error: type[Exception], words: str
) -> None:
    """The same client goes on, and the broker misses no number of its sequence."""
    await write(producer)
    client = client_of(producer)
    numbers = dict(client._txn_manager._sequence_numbers)
    faults.answer(PRODUCE, [code])
    with pytest.raises(error, match=words):
        await write(producer)
    assert dict(client._txn_manager._sequence_numbers) == numbers
    assert await write(producer) == 1
    assert client_of(producer) is client


class Told:
    """What became of records that were begun."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self.begun = 0
        self.places: list[Place] = []
        self.errors: list[str] = []

    def begin(self, key: bytes | None, value: bytes, *, anywhere: bool = False) -> None:
        """Begin to write a record."""
        self.begun += 1
        self._producer.begin("letters", key, value, (), self._then, anywhere=anywhere)

    async def all(self) -> None:
        """Wait until all that was begun was told."""
        await until(lambda: len(self.places) + len(self.errors) == self.begun)

    def _then(self, result: Place | Exception) -> None:
        if isinstance(result, Exception):
            self.errors.append(str(result))
        else:
            self.places.append(result)


async def test_only_the_record_that_is_at_fault_is_refused(producer: Producer) -> None:
    """The others of its batch are written again, without it."""
    await write(producer)
    told = Told(producer)
    for _ in range(3):
        told.begin(b"key", b"v")
    assert (told.places, told.errors) == ([], [])
    accumulator = client_of(producer)._message_accumulator
    [batch] = accumulator.batches()
    accumulator._batches.clear()
    batch.answer = batch.answer._replace(code=INVALID_RECORD, words="one", faults={1: "no key"})
    batch.failure(RuntimeError())
    await told.all()
    assert [offset for _, offset in told.places] == [1, 2]
    [error] = told.errors
    assert "no key" in error


async def test_what_is_begun_together_is_written_together(producer: Producer) -> None:
    """A request for each record would cost more than all else that is done about it."""
    await write(producer)
    client, told = client_of(producer), Told(producer)
    for number in range(1000):
        told.begin(b"%d" % number, b"value", anywhere=True)
    assert len(list(client._message_accumulator.batches())) == 1
    await told.all()
    assert len({partition for partition, _ in told.places}) == 1
    assert not told.errors


async def test_keys_keep_their_partitions(producer: Producer) -> None:
    """Others read by key: only what is written anywhere may lie anywhere."""
    place = await producer.write("letters", b"key", b"value")
    told = Told(producer)
    told.begin(b"another", b"value", anywhere=True)
    told.begin(b"key", b"value")
    await told.all()
    assert place[0] in {partition for partition, _ in told.places}


async def test_no_record_waits_for_a_partition_without_a_leader(
    producer: Producer, faults: BrokerFaults
) -> None:
    """What may lie anywhere goes where it can be written now."""
    await write(producer)
    client = client_of(producer)
    for partition in range(3):
        faults.set_leader("letters", partition, NOBODY)
    await client.client.force_metadata_update()
    told = Told(producer)
    for _ in range(20):
        told.begin(None, b"value")
    await told.all()
    assert {partition.partition for partition, _ in told.places} == {3}


@pytest.mark.parametrize("times", [1, 3])
async def test_what_is_too_large_together_is_written_apart(
    producer: Producer, faults: BrokerFaults, times: int
) -> None:
    """A topic's limit holds for batches; each record is small enough."""
    await write(producer)
    client, told = client_of(producer), Told(producer)
    faults.answer(PRODUCE, [TOO_LARGE] * times)
    for _ in range(3):
        told.begin(b"key", b"v")
    await told.all()
    assert [offset for _, offset in told.places] == [1, 2, 3]
    assert client_of(producer) is client


async def test_a_topic_that_is_not_there_holds_up_no_other(producer: Producer) -> None:
    """Each topic's records wait for their own topic alone."""
    await write(producer)
    missing = asyncio.create_task(producer.write("missing", b"key", b"value"))
    await until(lambda: "missing" in producer._waiting)
    await write(producer)
    assert not missing.done()
    missing.cancel()


@pytest.mark.parametrize("code", [NO_LEADER, FEW_REPLICAS, DISK_LOST, QUOTA])
async def test_what_passes_is_tried_again_with_the_same_number(
    producer: Producer, faults: BrokerFaults, code: int
) -> None:
    """The broker writes it once, however often it is sent."""
    await write(producer)
    client = client_of(producer)
    faults.answer(PRODUCE, [code, code])
    assert await write(producer) == 1
    assert client_of(producer) is client
    assert client._txn_manager._sequence_numbers["letters", 0] in {0, 2}


async def test_the_reason_why_it_takes_long_can_be_asked(
    producer: Producer, faults: BrokerFaults
) -> None:
    """Somebody has to be told what the brokers lack."""
    assert producer.trouble_with("letters") is None
    await write(producer)
    faults.answer(PRODUCE, [FEW_REPLICAS] * 100)
    writing = asyncio.create_task(write(producer))
    await until(lambda: "NotEnoughReplicas" in (producer.trouble_with("letters") or ""))
    faults.answer_well(PRODUCE)
    await writing
    assert producer.trouble_with("letters") is None


@pytest.mark.parametrize("code", [OUT_OF_ORDER, NEWER_EPOCH, NO_SUCH_ID, UNKNOWN])
async def test_another_client_goes_on_if_it_is_not_certain_what_was_written(
    producer: Producer, faults: BrokerFaults, code: int
) -> None:
    """Its numbers could be taken for those of another record."""
    await write(producer)
    client = client_of(producer)
    faults.answer(PRODUCE, [code])
    with pytest.raises(KafkaUnavailableError):
        await write(producer)
    assert await write(producer) == 1
    assert client_of(producer) is not client


async def test_a_second_try_that_is_refused_is_not_certain(
    producer: Producer, faults: BrokerFaults
) -> None:
    """The first one may have been written although nobody heard of it."""
    await write(producer)
    client = client_of(producer)
    faults.answer(PRODUCE, [TIMED_OUT, NOT_ALLOWED])
    with pytest.raises(KafkaRefusedError):
        await write(producer)
    await write(producer)
    assert client_of(producer) is not client


async def test_a_record_that_finds_no_leader_leaves_no_gap(
    broker: EmbeddedBroker, faults: BrokerFaults
) -> None:
    """It was never sent, and is given back after a while."""
    connection = Connection(broker.address, {"bootstrap_servers": broker.address})
    producer = Producer(connection, timeout=1.0)
    try:
        await write(producer)
        client = client_of(producer)
        for partition in range(4):
            faults.set_leader("letters", partition, NOBODY)
        await client.client.force_metadata_update()
        with pytest.raises(KafkaUnavailableError, match="LeaderNotAvailable"):
            await write(producer)
        for partition in range(4):
            faults.set_leader("letters", partition, BROKER)
        assert await write(producer) == 1
        assert client_of(producer) is client
        assert sum(client._txn_manager._sequence_numbers.values()) == 2
    finally:
        await producer.close()


async def test_brokers_that_are_silent_are_looked_for_anew(
    producer: Producer, faults: BrokerFaults
) -> None:
    """They may have come back under other addresses, which only the bootstrap ones know."""
    await write(producer)
    client = client_of(producer)
    faults.take_down()
    with pytest.raises(KafkaUnavailableError):
        await write(producer)
    assert producer._client is not client
    with pytest.raises(
        KafkaUnavailableError, match=r"no broker can be reached: .*: Connection refused"
    ):
        await write(producer)
    faults.bring_up()
    assert await write(producer) == 1


async def test_an_answer_to_anything_keeps_the_client(
    producer: Producer, faults: BrokerFaults
) -> None:
    """A partition whose broker has too few replicas is no reason to look for brokers."""
    await write(producer)
    client = client_of(producer)
    faults.answer(PRODUCE, [FEW_REPLICAS] * 10)  # a tenth of a second each
    assert await write(producer) == 1
    assert client_of(producer) is client


async def test_all_who_write_wait_for_one_client(producer: Producer, faults: BrokerFaults) -> None:
    """A thousand that fail do not wait for each other, one after the other."""
    faults.take_down()
    writing = [asyncio.create_task(write(producer)) for _ in range(100)]
    async with asyncio.timeout(4.0):
        results = await asyncio.gather(*writing, return_exceptions=True)
    assert {type(each) for each in results} == {KafkaUnavailableError}


async def test_closing_is_bounded(
    producer: Producer, faults: BrokerFaults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can never be written does not keep the service from ending."""
    monkeypatch.setattr("app.edges.kafka.producer.CLOSE_TIMEOUT", 0.1)
    await write(producer)
    faults.answer(PRODUCE, [FEW_REPLICAS] * 1000)
    writing = asyncio.create_task(write(producer))
    await until(lambda: producer.trouble_with("letters") is not None)
    async with asyncio.timeout(2.0):
        await producer.close()
    with pytest.raises(KafkaUnavailableError):
        await writing


async def test_closing_does_not_wait_for_a_client_that_cannot_start(
    producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for it is told that it will not."""
    monkeypatch.setattr("app.edges.kafka.producer.INTERVAL", 60.0)
    producer._made_at = asyncio.get_running_loop().time()
    writing = asyncio.create_task(write(producer))
    await until(lambda: producer._starting is not None)
    await producer.close()
    with pytest.raises(KafkaUnavailableError, match="closed"):
        await writing


async def test_a_client_that_nobody_has_answered_meanwhile_is_not_used_any_more(
    producer: Producer,
) -> None:
    """It asks for metadata twice a minute: whoever writes next does not wait another minute."""
    await write(producer)
    client = client_of(producer)
    client.client.answered_at -= 61.0
    assert await write(producer) == 1
    assert client_of(producer) is not client
