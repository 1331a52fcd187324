"""Rebalances: what has to be done before partitions are let go, and before anything is taken."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as AnyPartition
from aiokafka.errors import GroupAuthorizationFailedError

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.consumer import Consumer
from app.edges.kafka.topic_admin import TopicAdmin
from app.engine.group.session import Session
from app.engine.group.starts import Starts, find_starts
from app.engine.reading import HEAVY
from app.engine.worker import NotificationWorker
from app.policies.books.commit_metadata import with_topic_id
from app.policies.books.ledger import Commit
from app.values.record import TopicPartition
from app.values.topic import WantedTopic
from tests.support.broker_faults import BrokerFaults
from tests.support.engine import until
from tests.support.stage import Stage, envelope
from tests.support.tcp_proxy import TcpProxy
from tests.support.topic import Topic

JOIN_GROUP = 11  # the API key
INCONSISTENT_PROTOCOL, GROUP_FULL = 23, 81  # Kafka's codes
DEAD_LETTERS = "notifications.dlq"


def session_of(worker: NotificationWorker) -> Session:
    """Return the session of a running worker."""
    assert worker.parts.current.session is not None
    return worker.parts.current.session


async def test_what_was_settled_is_committed_before_the_partitions_go(stage: Stage) -> None:
    """Whoever gets them next does not do it again."""
    worker = await stage.running()
    await stage.publish(*(envelope(str(number)) for number in range(5)))
    await until(lambda: worker.snapshot().messages_sent == 5)
    await session_of(worker).rebalances.revoked(set(worker.parts.assignment.partitions()))
    assert await stage.committed() == 5


async def test_no_commit_is_under_way_when_the_partitions_are_gone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that came late could reset the next generation, or take back another worker's commit."""
    monkeypatch.setattr("app.engine.group.rebalances.LAST_COMMIT_TIMEOUT", 0.2)
    monkeypatch.setattr("app.engine.group.commit.TIMEOUT", 0.2)
    worker = await stage.running()
    consumer = session_of(worker)._consumer
    answer = asyncio.Event()
    commits: list[asyncio.Task[Any] | None] = []

    async def hang(_: object) -> None:
        commits.append(asyncio.current_task())
        await answer.wait()

    monkeypatch.setattr(consumer._client, "commit", hang)
    await stage.publish(envelope("one"))
    await until(lambda: len(commits) == 1)
    await session_of(worker).rebalances.revoked(set(worker.parts.assignment.partitions()))
    assert consumer.commits._committing is None
    await until(lambda: all(task is not None and task.done() for task in commits))
    answer.set()


async def test_metadata_that_is_not_ours_is_ignored_and_counted(stage: Stage) -> None:
    """Nothing is skipped on its word."""
    values = [msgspec.json.encode(envelope(text)) for text in ("before", "one", "two")]
    places = [await stage.producer.write("notifications", b"k", value) for value in values]
    partition = AnyPartition(*places[0][0])
    async with AIOKafkaConsumer(
        group_id="group",
        enable_auto_commit=False,  # else it would commit once more as it closes
        **stage.connection.options,
    ) as consumer:
        consumer.assign([partition])
        await consumer.commit({partition: (1, "n1:somebody else's")})
    await stage.worker().start()
    await stage.channel.arrived(2)
    assert [each.notification.content for each in stage.channel.sent] == ["one", "two"]
    name = "ginkgo_worker_commit_metadata_ignored_total"
    assert stage.observer.metrics.registry.get_sample_value(name) == 1


async def test_a_commit_of_another_topic_of_that_name_counts_for_nothing(stage: Stage) -> None:
    """The topic was made anew while nobody was there: it is read from its start, and that is said."""
    values = [msgspec.json.encode(envelope(text)) for text in ("one", "two", "three")]
    places = [await stage.producer.write("notifications", b"k", value) for value in values]
    partition = AnyPartition(*places[0][0])
    async with AIOKafkaConsumer(
        group_id="group", enable_auto_commit=False, **stage.connection.options
    ) as consumer:
        consumer.assign([partition])
        await consumer.commit({partition: (2, with_topic_id("", "the-id-of-the-old-one-"))})
    worker = await stage.running()
    await until(lambda: worker.snapshot().messages_sent == 3)
    assert stage.channel.contents == ["one", "two", "three"]
    assert any("deleted and recreated" in text for text in worker.snapshot().warnings)


async def test_where_an_added_partition_begins_is_committed_before_it_is_taken(
    stage: Stage,
) -> None:
    """A crash right after the first record loses nothing, whatever the group was told."""
    worker = await stage.running(auto_offset_reset="latest")
    await stage.publish(envelope("one"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    session = session_of(worker)
    added = TopicPartition("another", 2)
    async with TopicAdmin(stage.connection) as admin:
        await admin.create([WantedTopic("another", 4)], None)
        assert (await admin.committed("group", [added]))[added] is None
    session._consumer._client.subscribe(["another"])
    await until(
        lambda: added in {TopicPartition(*tp) for tp in session._consumer._client.assignment()}
    )
    await session.rebalances.assigned({added})
    async with Admin(stage.connection) as admin:
        found = (await admin.committed("group", [added]))[added]
    assert found is not None
    assert found.offset == 0


async def test_a_fault_while_finding_the_start_is_seen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client would only log it, and poll from nowhere for ever: here the session starts anew."""
    worker = await stage.running()
    session = session_of(worker)
    monkeypatch.setattr("app.engine.group.rebalances.find_starts", None)
    await session.rebalances.assigned(set())
    await until(lambda: worker.parts.current.session is not session)
    monkeypatch.undo()
    await until(lambda: worker.snapshot().is_running)


async def test_revoked_while_leaving_and_assigned_while_leaving_do_nothing_new(
    stage: Stage,
) -> None:
    """A draining worker does not rejoin."""
    worker = await stage.running()
    await stage.publish(envelope("one"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    session = session_of(worker)
    assert await session.drain(1.0)
    partitions = set(worker.parts.assignment.partitions())
    await session.rebalances.revoked(partitions)
    await session.rebalances.assigned(partitions)
    assert not session.joined
    assert len(worker.parts.assignment) == 0


async def test_a_session_that_is_closed_while_it_looks_for_the_start_is_given_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one would take over items of which nobody knows any more that they are written."""
    worker = await stage.running()
    session = session_of(worker)
    looking, found = asyncio.Event(), asyncio.Event()

    async def find_late(*asked: Any) -> tuple[Starts, dict[TopicPartition, Commit]]:
        looking.set()
        await found.wait()
        return await find_starts(*asked)

    monkeypatch.setattr("app.engine.group.rebalances.find_starts", find_late)
    partitions = set(worker.parts.assignment.partitions())
    await session.rebalances.revoked(partitions)
    giving = asyncio.create_task(session.rebalances.assigned(partitions))
    await looking.wait()
    session.rebalances.leave()
    found.set()
    await giving
    assert not session.joined
    assert len(worker.parts.assignment) == 0


async def test_brokers_that_are_silent_are_looked_for_anew(stage: Stage) -> None:
    """They may have come back elsewhere: the next session asks the bootstrap addresses."""
    worker = stage.worker(silence=3.5)  # longer than it takes this broker to forget a member
    await worker.start()
    await stage.publish(envelope("before"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    session = session_of(worker)
    faults = BrokerFaults(stage.broker)
    faults.take_down()
    await until(lambda: worker.parts.current.session is not session)
    faults.bring_up()
    await until(lambda: worker.snapshot().is_running)
    await stage.publish(envelope("after"))
    await until(lambda: worker.snapshot().messages_sent == 2)
    assert stage.channel.contents == ["before", "after"]
    assert worker.snapshot().messages_skipped <= 1  # if it was not committed in time


async def test_what_is_being_read_is_not_committed_past(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heavy records are read beside the loop: fetched, in nobody's books, and not settled."""
    worker = await stage.running()
    await stage.publish(envelope("before"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    read, entered, go_on = worker.parts.admission.read_ahead, asyncio.Event(), asyncio.Event()

    async def slowly(*polled: Any) -> Any:
        entered.set()
        await go_on.wait()
        return await read(*polled)

    monkeypatch.setattr(worker.parts.admission, "read_ahead", slowly)
    await stage.publish(envelope("x" * HEAVY))
    await asyncio.wait_for(entered.wait(), 10)
    session = session_of(worker)
    await session._sampler._sample()
    async with session.committer.alone():
        assert await session.committer.commit(5.0)
    assert await stage.committed() == 1
    go_on.set()
    await until(lambda: worker.snapshot().messages_sent == 2)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (INCONSISTENT_PROTOCOL, "some other program uses this group id. Give this service one"),
        (GROUP_FULL, "as many members as the brokers allow: stop one of them, or raise"),
    ],
)
async def test_why_a_group_turns_a_worker_away_is_said(stage: Stage, code: int, words: str) -> None:
    """In words that say what to do; it is tried again, and works once that is done."""
    faults = BrokerFaults(stage.broker)
    faults.answer(JOIN_GROUP, [code] * 3)
    worker = stage.worker()
    starting = asyncio.create_task(worker.start())
    await until(lambda: words in (worker.snapshot().problem or ""))
    faults.answer_well(JOIN_GROUP)
    await starting
    assert worker.snapshot().problem is None


async def test_a_member_that_cannot_join_does_not_wait_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The coordinator may be where nobody finds it: then, too, the brokers are looked for anew."""
    joined: list[object] = []

    async def join(consumer: Consumer, *_: object) -> None:
        joined.append(consumer)
        await asyncio.Event().wait()

    monkeypatch.setattr(Consumer, "start", join)
    worker = stage.worker(silence=0.1)
    starting = asyncio.create_task(worker.start())
    await until(lambda: len(joined) == 2)
    monkeypatch.undo()
    await starting
    assert worker.snapshot().is_running


async def test_a_member_that_is_refused_joins_anew_until_it_may(stage: Stage) -> None:
    """Health names the right; nothing has to be restarted."""
    worker = await stage.running()
    session = session_of(worker)
    coordinator = session._consumer._client._coordinator
    coordinator._pending_exception = GroupAuthorizationFailedError("group")
    await until(lambda: worker.parts.current.session is not session)
    await until(lambda: worker.snapshot().is_running)
    await stage.publish(envelope("after"))
    await until(lambda: worker.snapshot().messages_sent == 1)


async def test_a_stop_does_not_wait_for_what_kafka_refuses_to_take(stage: Stage) -> None:
    """It may never take it; the offset is not committed past, and the record is there next time."""
    worker = await stage.running(drain_timeout=60.0)
    await stage.publish({"channels": ["webhook"]})
    stage.producer.denied_topic = DEAD_LETTERS
    await until(lambda: "no such record" in worker.get_health_status().get("problem", ""))
    async with asyncio.timeout(5):
        await worker.stop()
    assert await stage.committed() == 0


async def test_nothing_is_taken_from_another_cluster_that_answers_at_the_same_address(
    stage: Stage,
) -> None:
    """Its topics may have the same names; whoever starts the worker anew means that one."""
    faults = BrokerFaults(stage.broker)
    async with TcpProxy(stage.broker.address) as way_in, EmbeddedBroker() as other:
        stage.connection = Connection(
            way_in.address, {"bootstrap_servers": way_in.address}, embedded=True
        )
        worker = stage.worker(silence=0.5)
        await worker.start()
        async with Topic(other.address, "notifications") as topic:
            await topic.write(msgspec.json.encode(envelope("foreign")))
        way_in.target = other.address
        faults.take_down()
        await until(lambda: "Kafka cluster" in worker.get_health_status().get("problem", ""))
        assert other.address in worker.get_health_status()["problem"]
        assert stage.channel.sent == []
        faults.bring_up()
        await worker.stop()
        await worker.start()
        await stage.channel.arrived(1)
        assert stage.channel.contents == ["foreign"]
        await worker.stop(drain=False)


async def test_what_was_started_ends_although_the_session_fails(stage: Stage) -> None:
    """A request that is cut off may have been accepted, and would be made again."""
    worker = await stage.running()
    stage.channel.gate = asyncio.Event()
    await stage.publish(envelope("slow"))
    await stage.channel.arrived(1)
    session = session_of(worker)
    session.fail(RuntimeError("bug"))
    asyncio.get_running_loop().call_later(0.2, stage.channel.gate.set)
    await until(
        lambda: worker.parts.current.session is not session and worker.snapshot().is_running
    )
    await until(lambda: worker.snapshot().lag == 0)
    assert stage.channel.contents == ["slow"]
