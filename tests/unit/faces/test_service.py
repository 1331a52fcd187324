import asyncio
import logging

import pytest

from app.faces.service import Starter
from app.values.errors import KafkaRefusedError
from app.values.snapshot import Status
from tests.support.fakes import FakeWorker


async def test_a_start_that_is_done_says_so() -> None:
    """With Kafka there, the caller hears that the worker runs."""
    worker = FakeWorker()
    assert await Starter(worker, 5.0).start() is True
    assert worker.state.is_running


async def test_a_start_goes_on_after_the_callers_patience() -> None:
    """While Kafka is away the caller is let go, and the worker runs when it comes back."""
    worker = FakeWorker()
    worker.kafka.clear()
    starter = Starter(worker, 0.01)
    assert await starter.start() is False
    assert worker.state.status is Status.STARTING
    worker.kafka.set()
    assert await starter.start() is True
    assert worker.starts == 1


async def test_callers_at_the_same_time_share_one_start() -> None:
    """Ten impatient clicks start one worker."""
    worker = FakeWorker()
    starter = Starter(worker, 5.0)
    assert all(await asyncio.gather(*(starter.start() for _ in range(10))))
    assert worker.starts == 1


async def test_a_stop_ends_the_start_under_way() -> None:
    """Nothing starts behind the operator's back once it was stopped."""
    worker = FakeWorker()
    worker.kafka.clear()
    starter = Starter(worker, 5.0)
    starting = asyncio.create_task(starter.start())
    await worker.starting.wait()
    await starter.stop(drain=False)
    worker.kafka.set()
    assert await starting is False
    assert worker.stops == [False]
    assert worker.state.status is Status.STOPPED


async def test_a_failed_start_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The caller gets the error; the log has it for the case that nobody waits."""
    worker = FakeWorker()
    worker.start_error = KafkaRefusedError("not allowed to read the topic")
    with caplog.at_level(logging.ERROR), pytest.raises(KafkaRefusedError):
        await Starter(worker, 5.0).start()
    assert "not allowed to read the topic" in caplog.text


async def test_a_worker_can_be_started_again_after_a_stop() -> None:
    """Each start that is not shared is a new one."""
    worker = FakeWorker()
    starter = Starter(worker, 5.0)
    await starter.start()
    await starter.stop()
    assert await starter.start() is True
    assert worker.starts == 2
