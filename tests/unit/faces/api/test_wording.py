"""Sentences in JSON, in the language that a script of the page has asked for."""

import httpx
import msgspec
import pytest

from app.faces.api.wording import in_words
from app.language.choice import Language
from app.language.speaking import speaking
from app.values.note import Note
from app.values.snapshot import Condition, Counts, PartitionSnapshot
from tests.support.fakes import Fakes, make_attempt, make_dead_letter

SENTENCE = "no answer in time"
CHINESE = "没有及时应答"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"problem": SENTENCE}, {"problem": CHINESE}),
        ({"warnings": [SENTENCE, "?"]}, {"warnings": [CHINESE, "?"]}),
        ({"title": SENTENCE, "content": SENTENCE}, {"title": SENTENCE, "content": SENTENCE}),
        ({"cards": [{"text": SENTENCE}]}, {"cards": [{"text": SENTENCE}]}),
        (
            {"conditions": (Condition("clock", "", SENTENCE, 1.0),)},
            {"conditions": [Condition("clock", "", CHINESE, 1.0)]},
        ),
        (
            make_attempt(1, title=SENTENCE, error=SENTENCE, notes=(Note("title", SENTENCE),)),
            make_attempt(1, title=SENTENCE, error=CHINESE, notes=(Note("title", CHINESE),)),
        ),
        (
            make_dead_letter(error=SENTENCE, value=SENTENCE, headers={"error": SENTENCE}),
            make_dead_letter(error=CHINESE, value=SENTENCE, headers={"error": SENTENCE}),
        ),
        (None, None),
        (7, 7),
    ],
)
def test_what_the_service_says_is_translated_and_what_people_wrote_is_not(
    content: object, expected: object
) -> None:
    """Told by the field, wherever it stands."""
    with speaking(Language.CHINESE):
        found = in_words(content)
    assert msgspec.json.encode(found) == msgspec.json.encode(expected)


@pytest.mark.parametrize(
    "content", [Counts(), PartitionSnapshot("t", 0, 1, 1, 1, 0, 0), {"a": 1, "problem": None}]
)
def test_what_holds_no_sentence_stays_as_it_is(content: object) -> None:
    """There are thousands of them on a large fleet."""
    with speaking(Language.CHINESE):
        assert in_words(content) == content


def test_nothing_is_looked_at_in_english() -> None:
    """It is the very same object."""
    content = {"problem": SENTENCE}
    assert in_words(content) is content


async def test_the_event_stream_speaks_the_pages_language(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Its first event has the problem in Chinese."""
    fakes.worker.change(problem=SENTENCE)
    fakes.service.closing.set()
    answer = await client.get("/events?language=zh")
    assert CHINESE in answer.text
    assert CHINESE not in (await client.get("/events")).text
