"""The operator's messages name what is wrong, since when, whom it meets and what to do."""

import re

import pytest

from app.language.choice import Language
from app.language.speaking import translator
from app.policies.service.notices import Due
from app.policies.texts.notices import MOST_SHOWN, OVER_COLOR, WRONG_COLOR, notice
from app.values.notice import Matter, MatterKind
from app.values.notification import Notification, Request
from tests.support.papers import TOP, headings

SINCE = 1_767_268_800.0  # 2026-01-01 12:00:00 UTC
BROKEN = Matter(MatterKind.DESTINATION, "hook ***", SINCE, "HTTP 503.", "broken", 1234)


def told(said: Due, language: Language = Language.ENGLISH) -> Notification:
    """Return the message."""
    request = Request("webhook", ("https://ops.example/",))
    return notice(
        said,
        request,
        group="group",
        worker="host:1",
        now=SINCE + 60,
        translate=translator(language),
    )


@pytest.mark.parametrize("kind", MatterKind)
@pytest.mark.parametrize("state", ["broken", "denied", "gone"])
def test_the_operator_is_told_in_chinese(kind: MatterKind, state: str) -> None:
    """No sentence is left in English, whatever is told."""
    matter = Matter(kind, "hook ***", SINCE, "no answer in time", state, 1234)
    many = (matter,) * (MOST_SHOWN + 1)
    message = told(Due(begun=many, over=many), Language.CHINESE)
    said = re.sub(
        r"docs/\S+|`[^`]*`|UTC|hook|group|host|worker", "", f"{message.title}{message.content}"
    )
    assert not re.findall(r"[A-Za-z]{2,}", said.replace("Kafka", "").replace("broker", ""))


def test_a_broken_destination() -> None:
    """Everything that somebody who is woken by it has to know."""
    message = told(Due(begun=(BROKEN,)))
    assert message.title == "Notifications of group need you"
    assert message.content == (
        "hook *** has not worked since 2026-01-01 12:00:00 UTC. It last said: HTTP 503.\n"
        "Notifications held up so far: 1,234. They are kept and tried again.\n"
        "See to the receiver; it is asked again by itself:"
        " docs/operations.md#a-destination-does-not-work\n\n"
        "Told by worker host:1 of the group group."
    )
    assert (message.color, message.timestamp) == (WRONG_COLOR, SINCE + 60)
    assert message.requests == (Request("webhook", ("https://ops.example/",)),)


def every_matter() -> list[Matter]:
    """Return a matter of each kind."""
    states = [
        Matter(MatterKind.DESTINATION, "it", SINCE, "no", each, 3)
        for each in ("broken", "denied", "gone")
    ]
    others = [kind for kind in MatterKind if kind is not MatterKind.DESTINATION]
    return [*states, *(Matter(kind, "it", SINCE, "no", affected=3) for kind in others)]


@pytest.mark.parametrize(
    "matter", every_matter(), ids=lambda matter: f"{matter.kind}{matter.state}"
)
def test_every_matter_has_its_words_and_its_paper(matter: Matter) -> None:
    """Since when, its words, how many, and a section that is there; at its end, too."""
    text = told(Due(lasting=(matter,))).content
    assert "2026-01-01 12:00:00 UTC" in text
    assert "no." in text
    assert re.search(r": 3\b", text)
    for language, ending in ((Language.ENGLISH, ""), (Language.CHINESE, ".zh-CN")):
        said = told(Due(lasting=(matter,)), language).content
        [(paper, anchor)] = re.findall(r"(docs/[\w.-]+\.md)#([\w-]+)", said)
        assert paper == f"docs/operations{ending}.md"
        assert anchor in headings(TOP / paper)
    over = told(Due(over=(matter,)))
    assert over.title == "Notifications of group are well again"
    assert over.color == OVER_COLOR
    assert "2026-01-01 12:00:00 UTC" in over.content


def test_of_very_many_only_some_are_told_in_full() -> None:
    """The number of the others is said."""
    many = tuple(
        Matter(MatterKind.DESTINATION, f"hook {number}", SINCE, "x" * 1000, "broken")
        for number in range(MOST_SHOWN + 7)
    )
    text = told(Due(begun=many, over=many)).content
    assert text.count("has not worked") == MOST_SHOWN
    assert "And 14 more matters" in text
    assert len(text) < 8000


def test_what_said_nothing_said_nothing() -> None:
    """There is always a sentence."""
    silent = Matter(MatterKind.DESTINATION, "hook", SINCE, "", "broken")
    assert "It last said: nothing." in told(Due(begun=(silent,))).content
