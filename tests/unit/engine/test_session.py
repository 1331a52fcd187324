"""A membership in the group: what becomes of deliveries when partitions go and come back."""

import asyncio
from typing import TYPE_CHECKING

from app.engine.session import Session
from app.engine.worker import NotificationWorker
from app.values.outcome import Retry
from tests.support.engine import ScriptedChannel, until

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Envelope, Stage


def session_of(worker: NotificationWorker) -> Session:
    """Return the membership of a worker that runs."""
    assert worker._session is not None
    return worker._session


async def test_what_fails_while_partitions_are_taken_away_is_not_tried_again_here(
    stage: "Stage", envelope: "Envelope"
) -> None:
    """Its back-off ends when somebody else has the partition."""
    gate = asyncio.Event()
    stage.channel = ScriptedChannel([[Retry("busy", after=30.0)]], gate=gate)
    worker = stage.worker()
    await worker.start()
    await stage.publish(envelope())
    await stage.channel.arrived(1)
    session = session_of(worker)
    revoking = asyncio.create_task(session._revoked(set(worker._assignment.partitions())))
    await until(lambda: not session.joined)
    gate.set()
    await revoking
    assert worker.snapshot().queued == 0
