"""A worker tells of itself, and takes it back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from app.engine.control import board as board_module
from app.engine.control import fleet as module
from app.engine.control.board import Board
from app.engine.control.fleet import SELDOM, TIDY_SECONDS, FleetView
from app.policies.books.fleet import FORGOTTEN_AFTER, GONE_AFTER, told
from app.values.errors import KafkaUnavailableError
from app.values.fleet import Worker, WorkerStatistics
from app.values.snapshot import Status
from tests.support.control import CONTROL, ControlTopic, ControlWriter
from tests.support.engine import SkewedClock, until

OTHER = Worker(
    "zz:1:0001", "zz", 1, Status.RUNNING, statistics=WorkerStatistics(messages_consumed=2)
)


class Told:
    """A worker that tells what the test wants."""

    def __init__(self) -> None:
        self.status = Status.RUNNING
        self.statistics = WorkerStatistics(messages_consumed=1)

    def present(self, identity: Worker) -> Worker:
        """Return that."""
        return replace(identity, status=self.status, statistics=self.statistics)


class Stage:
    """A fleet's view with everything around it."""

    def __init__(self) -> None:
        self.clock = SkewedClock()
        self.topic = ControlTopic()
        self.topic.now = self.clock.now()
        self.board = Board("group", self.clock, lambda: self.topic)
        self.worker = Told()
        self.writer = ControlWriter(self.topic)
        self.address: str | None = "http://10.0.0.1:8000"
        self.view = FleetView(
            self.worker,
            self.board,
            self.writer,  # type: ignore[arg-type]  # stands for the producer
            CONTROL.topic,
            "group",
            self.clock,
            address=lambda: self.address,
        )

    async def written(self, count: int) -> None:
        """Wait until the topic has so many records, and they are known."""
        await until(lambda: len(self.topic.records) >= count)
        await self.board.known()


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A worker that runs and tells."""
    monkeypatch.setattr(board_module, "WAIT", 0.01)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.005)
    made = Stage()
    tasks = [asyncio.create_task(each) for each in (made.board.run(), made.view.run())]
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_worker_tells_of_itself_and_sees_others(stage: Stage) -> None:
    """Itself as it is now, the others as they have told; the sums are over all."""
    stage.topic.write(*told("group", OTHER))
    await stage.written(2)
    stage.worker.statistics = WorkerStatistics(messages_consumed=5)
    fleet = stage.view.view()
    mine, other = fleet.workers
    assert mine.id == fleet.me
    assert mine.address == "http://10.0.0.1:8000"
    assert mine.host == mine.id.split(":")[0]
    assert other == OTHER
    assert fleet.totals.messages_consumed == 7
    assert fleet.unknown is None


async def test_it_tells_seldom_if_nothing_changes(stage: Stage) -> None:
    """That it is alive is news enough, and the topic is read whole by others."""
    await stage.written(1)
    stage.clock.let_pass(SELDOM - 1)
    await stage.view._look()
    assert len(stage.topic.records) == 1
    stage.clock.let_pass(1)
    await stage.written(2)


async def test_it_tells_more_often_if_something_does(stage: Stage) -> None:
    """Every few seconds."""
    await stage.written(1)
    stage.worker.statistics = WorkerStatistics(messages_consumed=9)
    stage.clock.let_pass(module.OFTEN)
    await stage.written(2)


async def test_one_that_stops_is_gone_at_once(stage: Stage) -> None:
    """It takes back what it has told, and is not among the workers it shows."""
    await stage.written(1)
    stage.worker.status = Status.STOPPED
    await stage.written(2)
    assert stage.topic.records[-1].value is None
    assert stage.view.view().workers == ()
    await stage.view.leave()
    assert len(stage.topic.records) == 2


async def test_nobody_grows_old_while_kafka_is_away(stage: Stage) -> None:
    """It is said that what is shown may be old."""
    stage.topic.write(*told("group", OTHER))
    await stage.written(2)
    stage.topic.fail(KafkaUnavailableError("no broker answers"))
    await until(lambda: stage.board.trouble is not None)
    stage.clock.let_pass(GONE_AFTER * 2)
    fleet = stage.view.view()
    assert OTHER in fleet.workers
    assert fleet.unknown == "no broker answers"


async def test_a_word_that_kafka_does_not_take_costs_nothing(stage: Stage) -> None:
    """The next one may arrive."""
    stage.writer.failure = KafkaUnavailableError("away")
    stage.clock.let_pass(SELDOM)
    await until(lambda: stage.writer.asked > 0)
    stage.writer.failure = None
    stage.clock.let_pass(SELDOM)
    await stage.written(1)


async def test_the_farewell_does_not_hold_up_a_stop(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hears nothing sees it go some seconds later."""
    await stage.written(1)
    never = asyncio.Event()

    async def hang(*_: object) -> None:
        await never.wait()

    monkeypatch.setattr(module, "FAREWELL", 0.01)
    monkeypatch.setattr(stage.writer, "send", hang)
    await stage.view.leave()


async def test_who_is_gone_for_long_is_tidied_away(stage: Stage) -> None:
    """The topic does not grow with every worker that was ever killed."""
    stage.topic.write(*told("group", OTHER))
    await stage.written(2)
    stage.clock.let_pass(FORGOTTEN_AFTER)
    heard = stage.clock.monotonic()
    await until(lambda: stage.board.read_at >= heard)
    stage.clock.let_pass(TIDY_SECONDS)
    await until(
        lambda: any(
            each.value is None and each.key == b"workers/group/zz:1:0001"
            for each in stage.topic.records
        )
    )


async def test_where_nobody_else_reads_nothing_is_told() -> None:
    """The embedded broker has one worker, and little room."""
    stage = Stage()
    view = FleetView(
        stage.worker, stage.board, None, CONTROL.topic, "group", stage.clock, lambda: None
    )
    await view._look()
    assert stage.topic.records == []
    (mine,) = view.view().workers
    assert mine.address is None
