import asyncio
import logging

import pytest

from app.faces.dashboard.dead_letters import DeadLetterPeek
from app.values.dead_letter import DeadLetterPage
from app.values.errors import KafkaUnavailableError
from app.values.replay import EVERYTHING, Selection
from tests.support.fakes import FakeDeadLetters, make_dead_letter

LONG = 30.0


class SlowDeadLetters(FakeDeadLetters):
    """Answers when ``kafka`` is set."""

    def __init__(self) -> None:
        super().__init__([make_dead_letter("0/7")])
        self.kafka = asyncio.Event()
        self.reads = 0

    async def page(
        self, wanted: Selection = EVERYTHING, *, limit: int, cursor: str | None = None
    ) -> DeadLetterPage:
        """Wait for ``kafka``."""
        self.reads += 1
        await self.kafka.wait()
        return await super().page(wanted, limit=limit, cursor=cursor)


async def test_what_kafka_answers_is_shown() -> None:
    """The newest stand first, without a note."""
    letters = FakeDeadLetters([make_dead_letter("0/1"), make_dead_letter("0/2")])
    latest = await DeadLetterPeek(LONG).look(letters, "group")
    assert [each.id for each in latest.letters] == ["0/2", "0/1"]
    assert latest.note is None
    assert letters.asked == [Selection(group="group")]


async def test_a_page_does_not_wait_and_the_next_has_the_answer() -> None:
    """A read that takes too long goes on; later pages wait for the same one."""
    letters = SlowDeadLetters()
    peek = DeadLetterPeek(0.01)
    latest = await peek.look(letters, "group")
    assert latest.letters == ()
    assert latest.note == "Kafka has not answered yet."
    both = asyncio.gather(peek.look(letters, "group"), peek.look(letters, "group"))
    letters.kafka.set()
    for each in await both:
        assert [letter.id for letter in each.letters] == ["0/7"]
    assert letters.reads == 1


async def test_what_was_read_before_is_marked_as_old(caplog: pytest.LogCaptureFixture) -> None:
    """When Kafka fails, the page shows what it knows, says so, and the log says why."""
    letters = FakeDeadLetters([make_dead_letter("0/1")])
    peek = DeadLetterPeek(LONG)
    await peek.look(letters, "group")
    letters.error = KafkaUnavailableError("no broker answers")
    with caplog.at_level(logging.WARNING):
        latest = await peek.look(letters, "group")
    assert [each.id for each in latest.letters] == ["0/1"]
    assert latest.note == "Kafka could not be read: these are from before."
    assert "no broker answers" in caplog.text


async def test_a_failed_read_is_followed_by_a_new_one() -> None:
    """One failure does not end all reading."""
    letters = FakeDeadLetters([make_dead_letter("0/1")])
    letters.error = KafkaUnavailableError("no broker answers")
    peek = DeadLetterPeek(LONG)
    assert (await peek.look(letters, "group")).note == "Kafka could not be read."
    letters.error = None
    assert (await peek.look(letters, "group")).note is None
