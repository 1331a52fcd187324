"""Where one notification is, found wherever it may be."""

import asyncio

import pytest

from app.edges.kafka.dead_letters import DeadLetters
from app.edges.kafka.history_log import HistoryLog
from app.engine.control.others import OtherWorkers
from app.engine.control.record_search import RecordSearch
from app.engine.control.tracing import Tracer
from app.engine.history import History
from app.engine.worker import NotificationWorker
from app.faces.api.examples import STORY
from app.policies.books.history_search import Sought
from app.policies.redaction import Secrets
from app.values.delivery import Destination
from app.values.errors import KafkaUnavailableError
from app.values.fleet import Worker
from app.values.history import Story
from app.values.note import Note
from app.values.outcome import Rejected, Retry
from app.values.snapshot import Status
from tests.support.engine import ScriptedChannel, until
from tests.support.stage import DEAD_LETTERS, TOPIC, Stage, envelope
from tests.support.topic import make_topics, no_marks

HISTORY = "notifications.history"
LEFT_OUT = Note("url", "the service does not accept this URL; left out")


class Others(OtherWorkers):
    """Other workers that answer what the test wants."""

    def __init__(self) -> None:
        self.answers: list[Story | None] = []  # in this order, then nothing
        self.unasked: tuple[Worker, ...] = ()  # those who cannot be asked
        self.asked = 0  # how often they were

    async def story(self, asked: str) -> tuple[Story | None, tuple[Worker, ...]]:
        """Return the next answer."""
        del asked
        self.asked += 1
        return (self.answers.pop(0) if self.answers else None), self.unasked


class Room:
    """A worker whose history is kept, and what traces in it."""

    def __init__(self, stage: Stage, worker: NotificationWorker, *, kept: bool = True) -> None:
        self.worker = worker
        self.stage = stage
        self.log = HistoryLog(stage.connection, HISTORY if kept else None)
        self.search = RecordSearch(
            stage.connection,
            worker.parts.subscription,
            DeadLetters(stage.connection, DEAD_LETTERS, no_marks),
        )
        self.others = Others()
        self.tracer = Tracer(
            worker.holding, "host:1", self.search, self.log, self.others, Secrets(["hush"])
        )

    async def story(self, name: str) -> Story:
        """Return the story, which there is."""
        story, _ = await self.tracer.trace(name)
        assert story is not None
        return story

    async def written(self) -> None:
        """Wait until what was settled stands in the history."""
        history = self.stage.observer.history
        await until(lambda: not history._waiting and not history._written)


async def room_of(stage: Stage, worker: NotificationWorker, *, kept: bool = True) -> Room:
    """Return the room of a worker that is to be started."""
    await make_topics(stage.broker.address, HISTORY)
    if kept:
        stage.observer.history = History(stage.producer, HISTORY, stage.clock)
    return Room(stage, worker, kept=kept)


async def test_what_was_sent_is_found_with_its_attempts(stage: Stage) -> None:
    """Its record is read again for the text; the history says the rest, and what was left out."""
    stage.channel = ScriptedChannel([[Retry("503 hush")]])
    stage.channel.notes = (LEFT_OUT,)
    worker = stage.worker()
    room = await room_of(stage, worker)
    await worker.start()
    await stage.publish(envelope("the text", message_id="m-1", metadata={"title": "T"}))
    await until(lambda: worker.snapshot().messages_sent == 1)
    await room.written()
    story = await room.story("m-1")
    assert (story.state, story.title, story.content) == ("sent", "T", "the text")
    (target,) = story.targets
    assert [(each.status, each.attempt) for each in target.attempts] == [
        ("retry", 1),
        ("delivered", 2),
    ]
    assert target.attempts[0].error == "503 ***"
    assert story.notes == (LEFT_OUT,)
    assert story.settled is not None


async def test_what_waits_here_is_told_with_the_reason(stage: Stage) -> None:
    """In flight, queued behind it, or waiting for its next attempt."""
    worker = stage.worker()
    room = await room_of(stage, worker)
    await worker.start()
    gate = await stage.publish_held(worker, 1)
    await stage.publish(envelope("later", message_id="m-2", ordering_key="k"))
    await until(lambda: worker.snapshot().in_flight == 2)
    story = await room.story("m-2")
    assert story.state in {"in_flight", "queued"}
    assert story.content == "later"
    assert story.worker == "host:1"
    gate.set()
    await until(lambda: worker.snapshot().messages_sent == 3)


async def test_what_waits_for_its_next_attempt_says_when(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what went wrong, and what the destination does not take."""
    monkeypatch.setattr("app.policies.limits.retry.RetryPolicy.delay", lambda *_, **__: 50.0)
    stage.channel = ScriptedChannel([[Retry("503")]])
    stage.channel.notes = (LEFT_OUT,)
    worker = stage.worker()
    room = await room_of(stage, worker)
    await worker.start()
    await stage.publish(envelope("later", message_id="m-3"))
    await stage.channel.arrived(1)
    await until(lambda: worker.holding.held("m-3") is not None and worker.snapshot().queued == 1)
    story = await room.story("m-3")
    assert story.state == "waiting"
    assert "503" in (story.why or "")
    assert story.notes == (LEFT_OUT,)
    assert story.next_attempt_at is not None
    await worker.stop(drain=False)


async def test_what_waits_for_a_paused_destination_says_so(stage: Stage) -> None:
    """Nobody knows when it goes on."""
    destination = Destination("webhook", "http://hooks.example/one", "one")
    stage.board.say(destination, paused=True)
    worker = stage.worker(max_age=86_400.0)
    room = await room_of(stage, worker)
    await worker.start()
    await stage.publish(envelope("held back", message_id="m-1"))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    await room.written()
    story = await room.story("m-1")
    assert (story.state, story.why) == ("waiting", "its destination was paused by alice")
    assert story.next_attempt_at is None
    assert story.content == "held back"
    (told,) = story.targets[0].attempts
    assert (told.status, told.error) == (
        "deferred",
        "paused by alice; sent once the destination is resumed",
    )


async def test_what_was_deferred_is_found_in_its_retry_topic(stage: Stage) -> None:
    """With the attempts made before, and when it is due."""
    stage.channel = ScriptedChannel([[Retry("503")]] * 10)
    worker = stage.worker(max_age=86_400.0, attempts=2)
    room = await room_of(stage, worker)
    await worker.start()
    await stage.publish(envelope("aside", message_id="m-4"))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    await room.written()
    story = await room.story("m-4")
    assert (story.state, story.content) == ("deferred", "aside")
    assert story.next_attempt_at is not None
    told = [(each.attempt, each.status) for each in story.targets[0].attempts]
    assert [each[0] for each in told] == [1, 2, 0]
    assert told[-1] == (0, "deferred")
    assert story.record is not None
    assert ".30s/" in story.record


@pytest.mark.parametrize("kept", [True, False])
async def test_a_dead_letter_is_told_with_its_place(stage: Stage, kept: bool) -> None:
    """With a history or without: it can be replayed from there."""
    stage.channel = ScriptedChannel([[Rejected("no")]])
    worker = stage.worker()
    room = await room_of(stage, worker, kept=kept)
    await worker.start()
    await stage.publish(envelope("dead", message_id="m-5"))
    await until(lambda: worker.snapshot().messages_failed == 1)
    await room.written()
    story = await room.story("m-5")
    (letter,) = await stage.dead_letters()
    assert (story.state, story.dead_letter, story.content) == ("failed", letter.id, "dead")
    room.others.answers = [STORY]  # another worker has it again: it was replayed
    assert await room.story("m-5") is STORY


async def test_what_nobody_has_taken_is_queued(stage: Stage) -> None:
    """It stands on the topic, above the commits."""
    worker = stage.worker()
    room = await room_of(stage, worker)
    await stage.publish(envelope("first"), envelope("waits", message_id="m-6"))
    story = await room.story("m-6")
    assert (story.state, story.content) == ("queued", "waits")
    assert story.record == story.origin


async def test_what_another_worker_holds_is_told_by_that_one(stage: Stage) -> None:
    """Also one that was taken while Kafka was looked through."""
    room = await room_of(stage, stage.worker())
    await stage.publish(envelope("waits", message_id="m-6"))
    room.others.answers = [STORY]
    assert await room.story("m-6") is STORY
    room.others.answers = [None, STORY]
    assert await room.story("m-6") is STORY
    assert room.others.asked == 3


async def test_a_worker_that_cannot_be_asked_is_named(stage: Stage) -> None:
    """If it has the partition; with the address of the notification's page there."""
    room = await room_of(stage, stage.worker())
    await stage.publish(envelope("waits", message_id="m/6"))
    numbers: dict[str, tuple[int, ...]] = {TOPIC: (0, 1, 2, 3)}
    holder = Worker("two:2:0002", "two", 2, Status.RUNNING, "https://two:8000", partitions=numbers)
    room.others.unasked = (Worker("one:1:0001", "one", 1, Status.RUNNING), holder)
    story = await room.story("m/6")
    assert story.state == "queued"
    assert story.why == (
        "the worker two:2:0002 has its partition, and could not be asked about it; its page: "
        "https://two:8000/notifications/m%2F6"
    )
    room.others.unasked = (Worker("two:2:0002", "two", 2, Status.RUNNING, partitions=numbers),)
    story = await room.story("m/6")
    assert (story.why or "").endswith("could not be asked about it")


async def test_another_worker_is_told_what_this_one_holds(stage: Stage) -> None:
    """By its own books alone: it asks nobody, and looks through nothing."""
    worker = stage.worker()
    room = await room_of(stage, worker)
    await worker.start()
    gate = await stage.publish_held(worker, 1)
    await stage.publish(envelope("later", message_id="m-2", ordering_key="k"))
    await until(lambda: worker.snapshot().in_flight == 2)
    story = await room.tracer.held("m-2")
    assert story is not None
    assert (story.worker, story.content) == ("host:1", "later")
    assert await room.tracer.held("m-3") is None
    gate.set()
    await until(lambda: worker.snapshot().messages_sent == 3)
    await room.written()
    assert await room.tracer.held("m-2") is None
    assert (await room.story("m-2")).state == "sent"
    assert room.others.asked == 0


async def test_what_is_committed_and_not_in_the_history_is_not_said_to_wait(stage: Stage) -> None:
    """Whoever has the partition: the group's commits say what is done."""
    worker = await stage.running()
    await stage.publish(envelope("done", message_id="m-1"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    await worker.stop()
    room = await room_of(stage, stage.worker(), kept=False)
    assert await room.tracer.trace("m-1") == (None, None)


async def test_one_without_an_id_is_asked_for_by_its_place(stage: Stage) -> None:
    """Before it is taken and afterwards."""
    worker = stage.worker()
    room = await room_of(stage, worker)
    await stage.publish(envelope("nameless"))
    found = [(await room.tracer.trace(f"{TOPIC}:{number}:0"))[0] for number in range(4)]
    (partition,) = [number for number, each in enumerate(found) if each is not None]
    assert (await room.story(f"{TOPIC}:{partition}:0")).state == "queued"
    await worker.start()
    await until(lambda: worker.snapshot().messages_sent == 1)
    await room.written()
    story = await room.story(f"{TOPIC}:{partition}:0")
    assert (story.state, story.id) == ("sent", None)
    assert worker.holding.held(f"{TOPIC}/{partition}/0") is None


async def test_an_id_may_look_like_a_place(stage: Stage) -> None:
    """Even like another one's: before it is taken, while it is held and afterwards."""
    worker = stage.worker()
    room = await room_of(stage, worker)
    await stage.publish(envelope("nameless"), envelope("text", message_id="a/b/c/d"))
    _, partition, _ = (await room.story("a/b/c/d")).origin.split("/")
    names = (f"{TOPIC}:{partition}:0", "orders:17:4", "a/b/c/d", "i" * 1500)
    await stage.publish(*(envelope("text", message_id=name) for name in names if "/" not in name))

    async def told() -> list[tuple[str | None, str, str | None]]:
        stories = [await room.story(name) for name in names]
        return [((each.id or "")[:999], each.state, each.content) for each in stories]

    assert await told() == [(name[:999], "queued", "text") for name in names]
    stage.channel.gate = asyncio.Event()
    await worker.start()
    await until(lambda: worker.snapshot().in_flight == 5)
    assert [(name, content) for name, _, content in await told()] == [
        (name[:999], "text") for name in names
    ]
    stage.channel.gate.set()
    await until(lambda: worker.snapshot().messages_sent == 5)
    await room.written()
    assert await told() == [(name[:999], "sent", "text") for name in names]


async def test_a_record_that_cannot_be_read_has_a_story(stage: Stage) -> None:
    """Its bytes, as far as they are text; and it is in nobody's way."""
    worker = stage.worker()
    room = await room_of(stage, worker)
    await worker.start()
    await stage.publish(
        b'{"message_id":"m-9","content":"caf\xe9"}',
        b'{"m-9":' * 3000 + b"1" + b"}" * 3000,
        envelope("fine", channels=["nowhere"], message_id="m-9"),
    )
    await until(lambda: worker.snapshot().messages_failed == 3)
    await room.written()
    assert (await room.story("m-9")).content == "fine"
    letters = [each for each in await stage.dead_letters() if each.reason == "invalid"]
    stories = {each.content: each for each in [await room.story(it.origin) for it in letters]}
    assert {each.dead_letter for each in stories.values()} == {each.id for each in letters}
    assert {(content or "")[:38] for content in stories} == {
        '{"message_id":"m-9","content":"caf\\xe9',
        ('{"m-9":' * 6)[:38],
    }


async def test_what_waits_is_found_by_the_id_that_it_is_sent_with(stage: Stage) -> None:
    """However its producer wrote it."""
    room = await room_of(stage, stage.worker())
    await stage.publish(
        b'{"message_id":12345,"content":"a number","channels":["webhook"]}',
        b'{"message_id":"n-1","content":"not JSON to all","channels":["webhook"],"x":NaN}',
        rb'{"message_id":"p\/1","content":"from PHP","channels":["webhook"]}',
        rb'{"message_id":"\u4E2D","content":"capitals","channels":["webhook"]}',
        b'\xef\xbb\xbf{"message_id":"w-1","content":"a mark before it","channels":["webhook"]}',
        '{"message_id":"u-1","content":"UTF-16","channels":["webhook"]}'.encode("utf-16"),
    )
    told = [await room.story(name) for name in ("12345", "n-1", "p/1", "中", "w-1", "u-1")]
    assert [each.state for each in told] == ["queued"] * 6
    assert [each.content for each in told] == [
        "a number",
        "not JSON to all",
        "from PHP",
        "capitals",
        "a mark before it",
        "UTF-16",
    ]


async def test_what_cannot_be_looked_through_in_time_hides_nothing_that_is_known(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million deferred ones: the history still says what it knows, and why there is no more."""
    stage.channel = ScriptedChannel([[Retry("503")]] * 10)
    worker = stage.worker(max_age=86_400.0, attempts=2)
    room = await room_of(stage, worker)
    await worker.start()
    await stage.publish(envelope("aside", message_id="m-4"))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    await room.written()

    async def too_long(*_: object, **__: object) -> None:
        raise KafkaUnavailableError("no answer in time")

    monkeypatch.setattr(room.search, "_find", too_long)
    story = await room.story("m-4")
    assert (story.state, story.why) == ("deferred", "no answer in time")
    with pytest.raises(KafkaUnavailableError):
        await room.tracer.trace("unknown")
    monkeypatch.setattr("app.engine.control.record_search.TIMEOUT", 0.0)
    with pytest.raises(KafkaUnavailableError):
        await room.search.dead_letter("unknown", None)


async def test_what_nobody_knows_is_none(stage: Stage) -> None:
    """And it is said how far back was looked."""
    worker = stage.worker()
    room = await room_of(stage, worker)
    assert await room.tracer.trace("m-7") == (None, None)
    await worker.start()
    await stage.publish(envelope("other", message_id="m-8"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    await room.written()
    story, oldest = await room.tracer.trace("m-7")
    assert story is None
    assert oldest is not None


async def test_the_history_is_told_newest_first(stage: Stage) -> None:
    """In pages that neither repeat nor leave out."""
    worker = stage.worker()
    room = await room_of(stage, worker)
    await worker.start()
    for number in range(3):
        await stage.publish(*(envelope(str(n), message_id=f"{number}-{n}") for n in range(3)))
        await until(lambda: worker.snapshot().messages_sent == 3 * (number + 1))  # noqa: B023
        await room.written()
    seen: list[str | None] = []
    before: tuple[int, int] | None = None
    for _ in range(9):
        page = await room.tracer.page(Sought(), 2, before)
        seen += [each.id for each in page.history]
        if page.next_cursor is None:
            break
        offset, place = page.next_cursor.split(".")
        before = int(offset), int(place)
    assert len(seen) == len(set(seen)) == 9
    assert {each[:1] for each in seen[:3] if each} == {"2"}
    some = await room.tracer.page(Sought(q="0-1"), 10, None)
    assert [each.id for each in some.history] == ["0-1"]


async def test_without_a_history_its_page_is_empty(stage: Stage) -> None:
    """Nothing is read for it."""
    room = await room_of(stage, stage.worker(), kept=False)
    page = await room.tracer.page(Sought(), 10, None)
    assert (page.history, page.next_cursor) == ((), None)
