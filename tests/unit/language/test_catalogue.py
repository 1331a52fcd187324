import re
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message

from app.language.catalogue import catalogue
from app.language.choice import Language
from app.language.speaking import speaking, translate
from tests.support.catalogue import ROOT, committed, template
from tests.support.glossary import variants_in
from tests.support.sentences import unclear


@pytest.fixture(scope="module")
def found() -> Catalog:
    """Return the texts of the code and the templates."""
    return template()


@pytest.fixture(scope="module")
def written() -> Catalog:
    """Return the catalogue of the repository."""
    return committed()


def names(text: str) -> list[str]:
    """Return the values that a text takes."""
    if "%(" in text:
        return sorted(re.findall(r"%\((\w+)\)", text))
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name is not None})


def texts(message: Message) -> tuple[str, str]:
    """Return the English text, of singular and plural the plural, and its translation."""
    english, chinese = message.id, message.string
    assert english
    assert chinese
    return (
        english if isinstance(english, str) else english[-1],
        chinese if isinstance(chinese, str) else chinese[0],
    )


def test_the_catalogue_has_every_text_and_no_other(found: Catalog, written: Catalog) -> None:
    """`make papers` brings it up to date."""
    wanted, there = ({each.id for each in one if each.id} for one in (found, written))
    assert not wanted - there, "run `make papers`, and translate what is new (CONTRIBUTING.md)"
    assert not there - wanted, "run `make papers`: these texts are gone"


def test_every_text_is_translated(written: Catalog) -> None:
    """No translation is missing, and none is a guess from a text that was alike."""
    missing = [each.id for each in written if each.id and not each.string]
    assert not missing
    assert not [each.id for each in written if each.fuzzy]


def test_a_translation_has_the_values_of_its_text(written: Catalog) -> None:
    """A value is neither forgotten nor invented."""
    pairs = [texts(each) for each in written if each.id]
    assert not [pair for pair in pairs if names(pair[0]) != names(pair[1])]


def test_every_sentence_is_recognised_when_it_is_finished(written: Catalog) -> None:
    """With values in it, a sentence is taken for itself and for no other."""
    wrong = []
    with speaking(Language.CHINESE):
        for message in written:
            places = [place for place, _ in message.locations]
            if message.id and any(re.fullmatch(r"app/.*\.py", place) for place in places):
                english, chinese = texts(message)
                values = {name: f"{number:,}" for number, name in enumerate(names(english), 1000)}
                if translate(english.format(**values)) != chinese.format(**values):
                    wrong.append(english)
    assert not wrong


def test_what_kafka_did_not_do_is_translated(written: Catalog) -> None:
    """``Kafka did not {doing}`` has no English verb in its Chinese."""
    known = {re.sub(r"{\w+}", "{}", texts(each)[0]) for each in written if each.id}
    sources = "".join(path.read_text() for path in (ROOT / "app/edges/kafka").glob("*.py"))
    doings = set(re.findall(r'with translated\(f?"([^"]+)"', sources))
    assert len(doings) > 20
    assert {re.sub(r"{[^}]+}", "{}", each) for each in doings} - known == set()


def test_no_finished_sentence_has_one_word_alone() -> None:
    """``until {time}`` would be found in everybody's words; it is filled in after translation."""
    assert not list(unclear(ROOT))


def test_one_word_for_one_thing(written: Catalog) -> None:
    """The translations keep to the glossary."""
    said = (texts(each)[1] for each in written if each.id)
    assert [word for text in said for word in variants_in(text)] == []


def test_what_the_scripts_show_is_told_apart() -> None:
    """The page takes along what its scripts need, and not the rest."""
    chinese = catalogue(Language.CHINESE)
    assert set(chinese.script_texts) < set(chinese.texts)
