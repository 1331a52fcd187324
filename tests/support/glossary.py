"""The words of docs/glossary.md that no Chinese text may use."""

import re
from collections.abc import Iterator
from functools import cache

from tests.support.papers import TOP, rows

GLOSSARY = TOP / "docs/glossary.md"
_ALONE = re.compile(r"(?<!投递)目标(?!地址)|(?<!邮件)主题")


@cache
def _variants() -> re.Pattern[str]:
    table = rows(GLOSSARY, "Words that are not used · 不用的词")[2:]
    words = [word for first, _ in table for word in first.split("、")]
    return re.compile("|".join(map(re.escape, words)))


def variants_in(text: str) -> Iterator[str]:
    """Yield what a text uses other words for than the glossary, with the words around it."""
    line = text.replace("\n", "")
    for pattern in (_variants(), _ALONE):
        for match in pattern.finditer(line):
            yield line[max(0, match.start() - 5) : match.end() + 5]
