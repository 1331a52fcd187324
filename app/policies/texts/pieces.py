"""Long texts, a piece at a time.

A call of a regular expression keeps the interpreter's lock until it returns, in whatever thread it
is made: for a text of megabytes that is longer than the event loop may stand still.
"""

import re
from typing import AnyStr

PIECE = 512 * 1024
"""Characters or bytes."""


def found_in(pattern: re.Pattern[AnyStr], text: AnyStr, longest: int) -> bool:
    """Say whether a pattern is found anywhere.

    Args:
        pattern: The expression to look for; it looks at nothing beyond its match.
        longest: Characters of a match at most.
    """
    return any(
        pattern.search(text, start, start + PIECE + longest) for start in range(0, len(text), PIECE)
    )


def replaced_in(pattern: re.Pattern[str], text: str, instead: str) -> str:
    """Return a text with each character that a pattern matches replaced.

    Args:
        pattern: Matches single characters.
    """
    if len(text) <= PIECE:
        return pattern.sub(instead, text)
    pieces = (text[start : start + PIECE] for start in range(0, len(text), PIECE))
    return "".join(pattern.sub(instead, piece) for piece in pieces)
