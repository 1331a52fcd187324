"""Tells a finished sentence by the words that stand still in it.

``waiting for Kafka for 12 s`` is the sentence ``waiting for Kafka for {starting_for} s``, and
``starting_for`` is ``12``. Texts cross processes finished (as JSON, in headers of dead letters, in
the history), so that this is the only form in which all of them can be translated.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import Final

SEPARATORS: Final = ((". ", "。"), (": ", "："), ("; ", "；"))
"""What stands between sentences that were put together, in English and in Chinese."""
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
START: Final = 3
"""Characters by which the patterns that may fit are told from the others."""
MOST_LOOKS: Final = 24
"""Parts of one text that are looked up: it takes a bounded time, whatever stands in it."""


class Pattern:
    """A sentence with named values; one of a single word, as ``{days} days``, has only numbers.

    Args:
        template: In English, as ``waiting for Kafka for {starting_for} s``.
    """

    __slots__ = ("_first", "_is_short", "_last", "_middle", "names", "start", "weight")

    def __init__(self, template: str) -> None:
        literals, names = [""], []
        for literal, name, _, _ in Formatter().parse(template):
            literals[-1] += literal
            if name is not None:
                names.append(name)
                literals.append("")
        self._first, *self._middle, self._last = literals
        self.names = tuple(names)  # of the values, in order
        # the first characters; empty if a value or a shorter text stands there
        self.start = self._first[:START] if len(self._first) >= START else ""
        # characters that stand still: of two patterns that fit, the heavier is meant
        self.weight = sum(map(len, literals))
        self._is_short = self.weight < 9 and len(_WORD.findall(" ".join(literals))) < 2

    def values(self, sentence: str) -> dict[str, str] | None:
        """Return the values in a sentence, or None if it is another one.

        Each value ends where the words after it first occur, so that it takes one pass.
        """
        if not self._last and sentence.endswith("."):
            return None  # the full stop is the sentence's, and not the value's
        end = len(sentence) - len(self._last)
        at = len(self._first)
        if end < at or not (sentence.startswith(self._first) and sentence.endswith(self._last)):
            return None
        found = []
        for literal in self._middle:
            where = sentence.find(literal, at, end)
            if where < 0:
                return None
            found.append(sentence[at:where])
            at = where + len(literal)
        found.append(sentence[at:end])
        if self._is_short and not all(map(_is_number, found)):
            return None
        return dict(zip(self.names, found, strict=True))


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").isdecimal()


class Sentences:
    """Translates finished sentences."""

    def __init__(self, translations: Mapping[str, str], patterns: Iterable[str]) -> None:
        self._translations = translations
        made = [(Pattern(each), translations[each]) for each in patterns]
        made.sort(key=lambda each: -each[0].weight)
        self._floating = [each for each in made if not each[0].start]
        self._by_start = {
            start: [each for each in made if each[0].start in ("", start)]
            for start in {each[0].start for each in made}
        }

    def translate(self, text: str) -> str:
        """Return the text in the other language; what nobody has translated stays as it is."""
        return self._known(text, iter(range(MOST_LOOKS))) or text

    def _known(self, text: str, looks: Iterator[int]) -> str | None:
        """Return the translation of a text, or of the sentences it is put together of, or None."""
        exact = self._translations.get(text)
        if exact is not None or " " not in text.strip() or next(looks, None) is None:
            return exact
        fitting = self._fitting(text, looks)
        if fitting is not None:
            return fitting
        if text.endswith("."):
            whole = self._known(text[:-1], looks)
            return whole and f"{whole}。"
        return self._in_parts(text, looks)

    def _fitting(self, text: str, looks: Iterator[int]) -> str | None:
        """Return the translation of a sentence with named values, or None."""
        for pattern, translation in self._by_start.get(text[:START], self._floating):
            values = pattern.values(text)
            if values is not None:
                return translation.format(
                    **{name: self._value(value, looks) for name, value in values.items()}
                )
        return None

    def _value(self, text: str, looks: Iterator[int]) -> str:
        """Translate a value that is a sentence itself; a single word is the name of something."""
        return (self._part(text, looks) if " " in text else None) or text

    def _in_parts(self, text: str, looks: Iterator[int]) -> str | None:
        for separator, other in SEPARATORS:
            head, found, rest = text.partition(separator)
            if found:
                parts = (self._part(head, looks), self._part(rest, looks))
                if parts != (None, None):
                    return other.join((parts[0] or head, parts[1] or rest))
        return None

    def _part(self, text: str, looks: Iterator[int]) -> str | None:
        """Translate a part, which may have lost its full stop."""
        known = self._known(text, looks)
        if known is None and not text.endswith("."):
            whole = self._translations.get(f"{text}.") or self._fitting(f"{text}.", looks)
            return None if whole is None else whole.rstrip("。")
        return known
