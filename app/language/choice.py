"""Which language somebody reads: by the browser's languages, or by the terminal's."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

AUTO: Final = "auto"
"""The value of ``NOTIFIER_LANGUAGE`` that leaves it to the browser and the terminal."""
MOST_RANGES: Final = 50
"""Languages of one request that are looked at: nobody reads more."""
_TERMINAL: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


class Language(StrEnum):
    """A language that everything is written in."""

    ENGLISH = "en"
    CHINESE = "zh"


def of_browser(accept_language: str, setting: str = AUTO) -> Language:
    """Return the language of a page: Chinese if the browser prefers it to English, else English.

    Args:
        accept_language: The header ``Accept-Language`` (RFC 9110); empty if there is none.
    """
    if setting != AUTO:
        return Language(setting)
    best = {Language.ENGLISH: 0.0, Language.CHINESE: 0.0}
    for language, quality in _ranges(accept_language):
        if language in best:
            best[Language(language)] = max(best[Language(language)], quality)
    chinese = best[Language.CHINESE] > best[Language.ENGLISH]
    return Language.CHINESE if chinese else Language.ENGLISH


def of_terminal(environ: Mapping[str, str], setting: str = AUTO) -> Language:
    """Return the language of the command line: Chinese in a Chinese locale, else English.

    Args:
        environ: Environment variables: the first of LC_ALL, LC_MESSAGES and LANG that is set.
    """
    if setting != AUTO:
        return Language(setting)
    locale = next(filter(None, map(environ.get, _TERMINAL)), "")
    return Language.CHINESE if _primary(locale) == Language.CHINESE else Language.ENGLISH


def _ranges(accept_language: str) -> Iterator[tuple[str, float]]:
    """Yield the primary languages of the header, each with its quality from 0 to 1."""
    for each in accept_language.split(",", MOST_RANGES)[:MOST_RANGES]:
        language, *parameters = each.split(";")
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                quality = _quality(value.strip())
        yield _primary(language.strip()), quality


def _quality(text: str) -> float:
    """Return a weight; one that cannot be read, or is none, makes the language unwanted."""
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _primary(tag: str) -> str:
    """Return the language of ``zh-Hans-CN``, ``zh_CN.UTF-8`` or ``zh``."""
    return tag.replace("_", "-").partition("-")[0].partition(".")[0].lower()
