"""The consumer on a broker: what it hands over, in spite of what stands in the topic."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace

import pytest
from aiokafka.errors import (
    InvalidCommitOffsetSizeError,
    OffsetMetadataTooLargeError,
    TopicAuthorizationFailedError,
    UnknownError,
)
from aiokafka.protocol.group import HeartbeatRequest

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.admin import Admin
from app.edges.kafka.closing import _tasks
from app.edges.kafka.connection import Connection
from app.edges.kafka.consumer import Consumer, _record
from app.edges.kafka.fetch_watch import NO_LEADER
from app.policies.books.commit_metadata import Committed, Settled, encode
from app.policies.books.ledger import Commit
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import Record, TopicPartition
from tests.support.broker_faults import BROKER, FETCH, NOBODY, BrokerFaults
from tests.support.engine import until
from tests.support.topic import Topic

NAME = "notifications"
FIRST = TopicPartition(NAME, 0)


class Member:
    """A consumer that was given all partitions, at their starts."""

    def __init__(self, connection: Connection) -> None:
        self.assigned = asyncio.Event()
        self.consumer = Consumer(
            connection,
            [NAME],
            "group",
            max_poll_records=500,
        )

    async def start(self) -> None:
        """Join the group."""
        await self.consumer.start(self._assigned, self._revoked)

    async def _assigned(self, partitions: set[TopicPartition]) -> None:
        for partition in partitions:
            self.consumer.seek(partition, 0)
        self.assigned.set()

    async def _revoked(self, partitions: set[TopicPartition]) -> None:
        del partitions

    async def records(self, count: int, most: int = 500) -> list[Record]:
        """Poll until there are so many."""
        found: list[Record] = []
        async with asyncio.timeout(10):
            while len(found) < count:
                found += await self.consumer.poll([FIRST], most, 0.1)
        return found


@pytest.fixture
async def topic(broker: EmbeddedBroker) -> AsyncIterator[Topic]:
    """The consumed topic."""
    async with Topic(broker.address, NAME) as made:
        yield made


@pytest.fixture
async def member(broker: EmbeddedBroker, topic: Topic) -> AsyncIterator[Member]:
    """A member of the group that has joined."""
    await topic.write(b"first")
    options = {"bootstrap_servers": broker.address}
    made = Member(Connection(broker.address, options, embedded=True))
    await made.start()
    async with asyncio.timeout(10):
        await made.assigned.wait()
    yield made
    await made.consumer.stop()


async def test_a_header_name_that_is_not_utf8_blocks_nothing(member: Member, topic: Topic) -> None:
    """Where aiokafka raises for ever, here is a record like the others."""
    await topic.write_header_name(b"\xff\xfe")
    await topic.write(b"last")
    records = await member.records(3)
    assert [record.value for record in records] == [b"first", None, b"last"]
    assert records[1].headers == (("\\xff\\xfe", b""),)
    assert [record.offset for record in records] == [0, 1, 2]


async def test_a_corrupt_batch_becomes_one_record_that_says_so(
    member: Member, topic: Topic
) -> None:
    """It is asked for again, and when it is the same, it is handed over as what it is."""
    await topic.write_corrupt()
    await topic.write(b"last")
    first, corrupt, last = await member.records(3)
    assert (first.value, last.value) == (b"first", b"last")
    assert "check sum" in (corrupt.unreadable or "")


async def test_a_batch_that_is_read_by_itself_keeps_within_the_room(
    member: Member, topic: Topic
) -> None:
    """No more than was asked for, and nothing is left out."""
    await topic.write_many([b"a", b"b", b"c"])
    await topic.write_header_name(b"\xff")
    first = await member.records(1, most=1)
    more = await member.records(4, most=1)
    assert [record.value for record in first + more] == [b"first", b"a", b"b", b"c", None]
    assert [record.offset for record in first + more] == list(range(5))


async def test_what_was_fetched_before_a_rebalance_is_dropped(member: Member, topic: Topic) -> None:
    """Positions are set anew meanwhile; the next poll begins there."""
    await member.records(1)
    waiting = asyncio.create_task(member.consumer.poll([FIRST], 10, 5.0))
    await asyncio.sleep(0)
    member.consumer.forget_all()
    member.consumer.seek(FIRST, 0)
    await topic.write(b"second")
    assert await waiting == []
    assert [record.value for record in await member.records(2)] == [b"first", b"second"]


async def test_a_paused_partition_is_fetched_again_from_where_it_was(
    member: Member, topic: Topic
) -> None:
    """Nothing is handed over while it is paused, and nothing is lost by it."""
    await topic.write_many([b"a", b"b"])
    records = await member.records(3)
    member.consumer.give_back(records[1:])
    member.consumer.pause(FIRST)
    assert await member.consumer.poll([FIRST], 10, 0.3) == []
    member.consumer.resume(FIRST)
    assert [record.value for record in await member.records(2)] == [b"a", b"b"]


async def test_a_poll_waits_however_short_its_time_is(member: Member) -> None:
    """A record that is due in less than a millisecond must not keep the loop busy until then."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    assert await member.consumer.poll([], 1, 0.0004) == []
    assert turned.is_set()


async def test_commits_carry_their_metadata(member: Member) -> None:
    """What is settled above the offset is read back with it."""
    metadata = encode(1, 9, [1, 4])
    await member.consumer.commits.commit({FIRST: Commit(1, metadata)}, 5.0)
    async with Admin(member_connection(member)) as admin:
        committed = await admin.committed("group", [FIRST, TopicPartition(NAME, 1)])
    assert committed[FIRST] == Committed(1, Settled(9, (1, 4)))
    assert committed[TopicPartition(NAME, 1)] is None
    await member.consumer.commits.commit({FIRST: Commit(2, "somebody else's")}, 5.0)
    async with Admin(member_connection(member)) as admin:
        committed = await admin.committed("group", [FIRST])
    assert committed[FIRST] == Committed(2, None, odd=True)


@pytest.mark.parametrize(("takes", "kept"), [(4096, "short"), (3, "")])
async def test_metadata_that_the_broker_refuses_is_left_out_where_it_is_long(
    member: Member, takes: int, kept: str
) -> None:
    """The other partitions keep theirs; where the broker takes none at all, offsets are enough."""
    second = TopicPartition(NAME, 1)
    accepted: list[dict[tuple[str, int], tuple[int, str]]] = []

    async def commit(offsets: Mapping[tuple[str, int], tuple[int, str]]) -> None:
        if any(len(metadata) > takes for _, metadata in offsets.values()):
            raise OffsetMetadataTooLargeError
        accepted.append(dict(offsets))

    member.consumer._client.commit = commit
    await member.consumer.commits.commit(
        {FIRST: Commit(1, "x" * 5000), second: Commit(2, "short")}, 5.0
    )
    assert accepted == [{FIRST: (1, ""), second: (2, kept)}]


@pytest.mark.parametrize("error", [InvalidCommitOffsetSizeError, UnknownError])
async def test_commits_that_are_too_large_for_the_broker_go_in_several_requests(
    member: Member, error: type[Exception]
) -> None:
    """It keeps each request's as one batch: Kafka 3 says so, Kafka 4 says "unknown"."""
    takes = 12_000
    requests: list[Mapping[tuple[str, int], tuple[int, str]]] = []
    accepted: dict[tuple[str, int], tuple[int, str]] = {}

    async def commit(offsets: Mapping[tuple[str, int], tuple[int, str]]) -> None:
        requests.append(offsets)
        if sum(len(metadata) for _, metadata in offsets.values()) > takes:
            raise error
        accepted.update(offsets)

    member.consumer._client.commit = commit
    due = {TopicPartition(NAME, number): Commit(number, "x" * 3_900) for number in range(200)}
    due[FIRST] = Commit(0, "x" * 13_000)
    await member.consumer.commits.commit(due, 5.0)
    expected: dict[tuple[str, int], tuple[int, str]] = {
        each: (commit.offset, commit.metadata) for each, commit in due.items()
    }
    assert accepted == expected | {FIRST: (0, "")}
    assert max(map(len, requests)) < len(due), "500,000 bytes at a time from the start"
    first_time = len(requests)
    await member.consumer.commits.commit(due, 5.0)
    assert len(requests) - first_time < first_time, "what was too large is not tried again"


async def test_a_broker_that_fails_inside_is_not_asked_for_every_partition(
    member: Member,
) -> None:
    """What it says may mean anything: the first partition decides."""
    asked = 0

    async def commit(_: object) -> None:
        nonlocal asked
        asked += 1
        raise UnknownError

    member.consumer._client.commit = commit
    due = {TopicPartition(NAME, number): Commit(number, "") for number in range(64)}
    with pytest.raises(KafkaUnavailableError, match="its log says what"):
        await member.consumer.commits.commit(due, 5.0)
    assert asked == 7


def member_connection(member: Member) -> Connection:
    """Return how the member's broker is reached."""
    servers = member.consumer._client._client._bootstrap_servers
    return Connection(servers, {"bootstrap_servers": servers}, embedded=True)


@pytest.mark.parametrize("code", [29, 56, 3, 74])
async def test_a_partition_that_is_refused_for_a_while_goes_on_by_itself(
    member: Member, topic: Topic, broker: EmbeddedBroker, code: int
) -> None:
    """Whoever polls hears nothing of it: the others have their records."""
    await member.records(1)
    BrokerFaults(broker).answer(FETCH, [code, code])
    await topic.write(b"second")
    assert [record.value for record in await member.records(1)] == [b"second"]
    await until(lambda: not member.consumer.unreadable())


async def test_others_go_on_while_a_partition_has_no_leader(
    member: Member, topic: Topic, broker: EmbeddedBroker
) -> None:
    """It is named until somebody leads it, and metadata is not asked for without end."""
    faults = BrokerFaults(broker)
    other = TopicPartition(NAME, 1)
    faults.set_leader(NAME, 1, NOBODY)
    client = member.consumer._client._client
    await client.force_metadata_update()
    await member.records(1)
    for number in range(3):
        await topic.write(b"%d" % number)
    assert len(await member.records(3)) == 3
    assert {each: why.code for each, why in member.consumer.unreadable().items()} == {
        other: NO_LEADER
    }
    faults.set_leader(NAME, 1, BROKER)
    await topic.write(b"late", partition=1)
    async with asyncio.timeout(10):
        while not await member.consumer.poll([FIRST, other], 10, 0.1):
            pass
    assert not member.consumer.unreadable()


async def test_a_member_that_may_not_be_one_is_told(
    member: Member, broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is no partition's business: it has to join anew."""
    del broker
    await member.records(1)

    async def refused(*_: object, **__: object) -> None:
        raise TopicAuthorizationFailedError("another")

    monkeypatch.setattr(member.consumer._client, "getmany", refused)
    with pytest.raises(KafkaRefusedError, match="may not see another"):
        await member.consumer.poll([FIRST], 10, 0.1)


async def test_a_message_without_a_time_is_read(member: Member) -> None:
    """Kafka's first format knows none."""
    del member
    fetched = SimpleNamespace(offset=1, timestamp=None, key=None, value=b"old", headers=())
    assert _record(FIRST, fetched).timestamp == 0.0


async def test_closing_leaves_nothing_behind_that_goes_on(
    member: Member, broker: EmbeddedBroker
) -> None:
    """A member whose tasks lived on would be given partitions, and do nothing with them."""
    BrokerFaults(broker).take_down()
    tasks = _tasks(member.consumer._client)
    assert tasks
    async with asyncio.timeout(4):
        await member.consumer.stop(at_once=True)
    assert all(task.done() for task in tasks)


async def test_somebody_can_tell_for_how_long_nobody_has_answered(
    member: Member, broker: EmbeddedBroker
) -> None:
    """Whoever has waited long enough looks for the brokers anew."""
    await member.records(1)
    assert member.consumer.silent_for() < 2.0
    BrokerFaults(broker).take_down()
    await until(lambda: member.consumer.silent_for() > 0.5)


async def test_only_a_member_is_told_that_it_is_one(member: Member) -> None:
    """What counts is when it asked: the answer may have been on its way for long."""
    coordinator, client = member.consumer._client._coordinator, member.consumer._client._client
    await coordinator._stop_heartbeat_task()
    asked_at = client.confirmed_at = time.monotonic() - 100
    names = "somebody else", coordinator.member_id
    wrong, ours = (HeartbeatRequest("group", coordinator.generation, name) for name in names)
    await client.send(coordinator.coordinator_id, wrong)
    assert client.confirmed_at == asked_at
    assert member.consumer.unconfirmed_for() >= 100
    await client.send(coordinator.coordinator_id, ours)
    assert asked_at < client.confirmed_at < client.answered_at
    assert member.consumer.unconfirmed_for() < 100


async def test_a_rebalance_tells_who_is_a_member(member: Member) -> None:
    """Before its next heartbeat."""
    coordinator, client = member.consumer._client._coordinator, member.consumer._client._client
    await coordinator._stop_heartbeat_task()
    client.confirmed_at = 0.0
    member.assigned.clear()
    coordinator.request_rejoin()
    await member.assigned.wait()
    assert client.confirmed_at > 0.0
