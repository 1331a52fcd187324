"""A membership in the group: what becomes of deliveries when partitions go and come back."""

import asyncio

import pytest

from app.engine.group.session import Session
from app.engine.worker import NotificationWorker
from app.policies.routing import Defaults
from app.values.outcome import Delivered, Outcome, Rejected, Retry
from tests.support.engine import ScriptedChannel, until
from tests.support.stage import Stage, envelope
from tests.support.topic import Topic

TWO_READERS = Defaults(
    webhook_url="http://hooks.example/one", smtp="smtp://mail:25", email_to=("a@x.y", "b@x.y")
)


def session_of(worker: NotificationWorker) -> Session:
    """Return the membership of a worker that runs."""
    assert worker.parts.current.session is not None
    return worker.parts.current.session


async def test_what_fails_while_partitions_are_taken_away_is_not_tried_again_here(
    stage: Stage,
) -> None:
    """Its back-off ends when somebody else has the partition."""
    gate = asyncio.Event()
    stage.channel = ScriptedChannel([[Retry("busy", after=30.0)]], gate=gate)
    worker = await stage.running()
    await stage.publish(envelope())
    await stage.channel.arrived(1)
    session = session_of(worker)
    revoking = asyncio.create_task(
        session.rebalances.revoked(set(worker.parts.assignment.partitions()))
    )
    await until(lambda: not session.joined)
    gate.set()
    await revoking
    assert worker.snapshot().queued == 0


@pytest.mark.parametrize("answer", [Retry("busy"), Rejected("no")])
async def test_nothing_new_is_begun_while_partitions_are_taken_away(
    stage: Stage, answer: Outcome
) -> None:
    """Neither a further attempt, nor the repeat of what was refused: the whole group waits."""
    gate = asyncio.Event()
    stage.channel = ScriptedChannel([[answer]] * 100, gate=gate)
    worker = await stage.running(attempts=100)
    same = envelope("same", message_id="m-1")
    await stage.publish(same, same)
    await until(lambda: worker.snapshot().in_flight == 2)
    session, partitions = session_of(worker), set(worker.parts.assignment.partitions())
    revoking = asyncio.create_task(session.rebalances.revoked(partitions))
    await until(lambda: not session.joined)
    gate.set()
    await revoking
    assert len(stage.channel.sent) == 1
    await session.rebalances.assigned(partitions)
    await stage.channel.arrived(2)


async def test_nothing_is_tried_again_while_the_worker_leaves(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that is not to drain makes no further attempts while it puts aside what it must."""
    monkeypatch.setattr("app.engine.group.rebalances.LEAVE_PATIENCE", 0.3)
    mail = ScriptedChannel([[Delivered(), Retry("later", after=50.0)]])
    mail.name = "email"
    stage.channel = ScriptedChannel([[Retry("busy")]] * 100)
    worker = stage.worker(
        max_age=86_400.0,
        attempts=100,
        channels={"webhook": stage.channel, "email": mail},
        defaults=Defaults(
            webhook_url="http://hooks.example/one",
            smtp="smtp://mail:25",
            email_to=("a@x.y", "b@x.y"),
        ),
    )
    await worker.start()
    stage.producer.refused_topic = "notifications.retry.0s"
    await stage.publish(envelope("half", channels=["email"]))
    await until(lambda: worker.snapshot().queued == 1 and len(mail.sent) == 1)
    stage.channel.gate = asyncio.Event()
    await stage.publish(envelope("under way"))
    await stage.channel.arrived(1)
    stopping = asyncio.create_task(worker.stop(drain=False))
    await until(lambda: worker.snapshot().is_running is False)
    stage.channel.gate.set()
    await stopping
    assert len(stage.channel.sent) == 1


async def test_a_drain_waits_for_nothing_that_needs_another_attempt(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """What is partly done is put aside at once, not after the whole time that a stop has."""
    mail = ScriptedChannel([[Delivered(), Retry("later", after=50.0)]])
    mail.name = "email"
    worker = await stage.running(
        max_age=86_400.0,
        channels={"webhook": stage.channel, "email": mail},
        defaults=TWO_READERS,
        drain_timeout=3.0,
    )
    await stage.publish(envelope("half", channels=["email"]))
    await until(lambda: worker.snapshot().queued == 1 and len(mail.sent) == 1)
    await worker.stop()
    assert worker.snapshot().messages_deferred == 1
    assert "not everything ended" not in caplog.text


async def test_what_is_under_way_is_joined_after_two_rebalances_in_a_row(stage: Stage) -> None:
    """Also where the second comes before its record has come in again."""
    worker = await stage.running()
    gate = await stage.publish_held(worker, 3)
    session, partitions = session_of(worker), set(worker.parts.assignment.partitions())
    for _ in range(2):
        await session.rebalances.revoked(partitions)
        await session.rebalances.assigned(partitions)
    gate.set()
    await until(lambda: worker.snapshot().messages_consumed == 4)
    assert sorted(stage.channel.contents[1:]) == ["0", "1", "2"]


async def test_a_repeat_waits_for_what_was_joined(stage: Stage) -> None:
    """After a rebalance a repeat is a repeat as before."""
    gate = asyncio.Event()
    stage.channel = ScriptedChannel(gate=gate)
    worker = await stage.running()
    same = envelope("same", message_id="m-1")
    await stage.publish(same, same)
    await until(lambda: worker.snapshot().in_flight == 2)
    session, partitions = session_of(worker), set(worker.parts.assignment.partitions())
    await session.rebalances.revoked(partitions)
    await session.rebalances.assigned(partitions)
    await until(lambda: worker.snapshot().in_flight == 2)
    gate.set()
    await until(lambda: worker.snapshot().in_flight == 0)
    assert stage.channel.contents == ["same"]
    assert worker.snapshot().messages_duplicate == 1


async def test_what_ends_a_transaction_is_no_backlog_while_something_is_under_way(
    stage: Stage,
) -> None:
    """It takes an offset, and is nothing that could be fetched."""
    stage.channel = ScriptedChannel(gate=asyncio.Event())
    worker = await stage.running()
    await stage.publish(envelope())
    await stage.channel.arrived(1)
    (held,) = [each for each in worker.snapshot().partitions if each.unsettled]
    async with Topic(stage.connection.bootstrap_servers, "notifications") as topic:
        await topic.write_marker(held.partition)
    await until(lambda: [each.end for each in worker.snapshot().partitions if each.end] == [2])
    await until(lambda: worker.snapshot().backlog == 1)


async def test_a_member_without_partitions_knows_that_kafka_is_there(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More workers than partitions: the idle ones are well."""
    monkeypatch.setattr("app.engine.cluster.sampling.INTERVAL", 0.01)
    worker = await stage.running()
    session, partitions = session_of(worker), set(worker.parts.assignment.partitions())
    await session.rebalances.revoked(partitions)
    await session.rebalances.assigned(set())
    session._consumer._client._client.answered_at = 0.0
    await until(lambda: session.silent_for < 1.0)
