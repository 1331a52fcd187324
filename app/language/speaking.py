"""The language in force, of a request or of a command, and texts in it."""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from app.language.catalogue import catalogue
from app.language.choice import Language

LONGEST: Final = 4000
"""Characters; what is longer is no sentence of this service's."""
KEPT: Final = 4096
"""Sentences whose translation is remembered: a page shows the same ones again and again."""

_in_force: ContextVar[Language] = ContextVar("language", default=Language.ENGLISH)


def language() -> Language:
    """Return the language in force; English unless somebody has chosen another."""
    return _in_force.get()


def speak(chosen: Language) -> None:
    """Let a language be in force from now on, in this task or process."""
    _in_force.set(chosen)


@contextmanager
def speaking(chosen: Language) -> Iterator[None]:
    """Let a language be in force for a while."""
    before = _in_force.set(chosen)
    try:
        yield
    finally:
        _in_force.reset(before)


def translate(text: str) -> str:
    """Return a text of this service in the language in force.

    Args:
        text: In English, whole, its values in it: it is told by the words around them. What
            nobody has translated (a destination's own words, for example) stays as it is.
    """
    return _into(language(), text)


def translator(chosen: Language) -> Callable[[str], str]:
    """Return a ``translate`` into one language, whichever is in force."""
    return functools.partial(_into, chosen)


def _into(chosen: Language, text: str) -> str:
    if chosen is Language.ENGLISH or len(text) > LONGEST:
        return text
    return _translated(chosen, text)


@functools.lru_cache(maxsize=KEPT)
def _translated(chosen: Language, text: str) -> str:
    return catalogue(chosen).sentences.translate(text)


def gettext(text: str) -> str:
    """Return a text of a template or of click in the language in force."""
    chosen = language()
    if chosen is Language.ENGLISH:
        return text
    return catalogue(chosen).texts.get(text, text)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the text that goes with a count in the language in force."""
    chosen = language()
    if chosen is Language.ENGLISH:
        return one if count == 1 else many
    return catalogue(chosen).texts.get(one, many)


def script_texts() -> Mapping[str, str]:
    """Return the texts of the page's scripts by their English ones; empty in English."""
    chosen = language()
    return {} if chosen is Language.ENGLISH else catalogue(chosen).script_texts
