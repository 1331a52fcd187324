"""The translations, from ``app/locales/zh/LC_MESSAGES/notifier.po``."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

from app.language.choice import Language
from app.language.patterns import Sentences

DOMAIN: Final = "notifier"
LOCALES: Final = Path(__file__).parents[1] / "locales"


class Catalogue:
    """The texts of one language."""

    def __init__(self, path: Path) -> None:
        self.texts: dict[str, str] = {}
        script_texts, patterns = dict[str, str](), list[str]()
        with path.open("rb") as file:
            for message in read_po(file, locale=path.parts[-3]):
                english, translation = _first(message.id), _first(message.string)
                if not english or not translation or message.fuzzy:
                    continue
                self.texts[english] = translation
                places = [place for place, _ in message.locations]
                if any(place.endswith(".js") for place in places):
                    script_texts[english] = translation
                if "{" in english and any(_is_ours(place) for place in places):
                    patterns.append(english)
        # those of them that the page's scripts show
        self.script_texts: Mapping[str, str] = script_texts
        # those that are made in one place and shown in another, with values in them
        self.sentences = Sentences(self.texts, patterns)


def _first(text: str | Sequence[str] | None) -> str:
    """Return a text, or the first of singular and plural: Chinese has one form."""
    if text is None:
        return ""
    return text if isinstance(text, str) else text[0]


def _is_ours(place: str) -> bool:
    """Say whether a text is made by this service's code, and not by the library click."""
    return place.startswith("app/") and place.endswith(".py")


@functools.cache
def catalogue(language: Language) -> Catalogue:
    """Read the texts of a language, once."""
    return Catalogue(LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po")
