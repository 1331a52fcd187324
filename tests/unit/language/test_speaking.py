import asyncio

from app.language.choice import Language
from app.language.speaking import (
    LONGEST,
    gettext,
    language,
    ngettext,
    script_texts,
    speak,
    speaking,
    translate,
)


def test_english_is_in_force_until_somebody_chooses() -> None:
    """A text stays as it is then."""
    assert language() is Language.ENGLISH
    assert translate("no answer in time") == "no answer in time"
    assert gettext("Usage:") == "Usage:"
    assert script_texts() == {}


def test_a_language_is_in_force_for_a_while() -> None:
    """Afterwards the one before is."""
    with speaking(Language.CHINESE):
        assert translate("no answer in time") == "没有及时应答"
        assert gettext("Usage:") == "用法："
        assert gettext("nobody has written that") == "nobody has written that"
    assert language() is Language.ENGLISH


async def test_each_task_has_its_own_language() -> None:
    """One request in Chinese does not change what another is answered."""

    async def serve(chosen: Language) -> str:
        speak(chosen)
        await asyncio.sleep(0)
        return translate("no answer in time")

    chinese, english = await asyncio.gather(serve(Language.CHINESE), serve(Language.ENGLISH))
    assert (chinese, english) == ("没有及时应答", "no answer in time")


def test_a_count_chooses_between_one_and_many() -> None:
    """Chinese has one form for both."""
    one = "Got unexpected extra argument ({args})"
    many = "Got unexpected extra arguments ({args})"
    assert ngettext(one, many, 1) == one
    assert ngettext(one, many, 2) == many
    with speaking(Language.CHINESE):
        assert ngettext(one, many, 2) == "多余的参数（{args}）"
        assert ngettext("an odd one", "odd ones", 2) == "odd ones"


def test_what_is_too_long_for_a_sentence_is_not_looked_up() -> None:
    """A notification's text may have a megabyte."""
    with speaking(Language.CHINESE):
        text = "no answer in time; " * (LONGEST // 19 + 1)
        assert translate(text) == text
