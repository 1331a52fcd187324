"""Reads Slack's texts: ``mrkdwn`` with its links, dates and calls, and plain ones.

``&amp;``, ``&lt;`` and ``&gt;`` are characters in both; between ``<`` and ``>`` stands what means
something (docs.slack.dev, "Formatting message text"). A sign counts at the edge of a word alone; a
character of no width is taken for a space, as people use it.
"""

import re
from typing import NamedTuple

_SPECIAL = re.compile(r"<([^<>\n]*)>")
_CALLS = ("@", "#", "!subteam", "!channel", "!here", "!everyone")
_SIGNS = re.compile(
    r"(?<![\w*_~`])(?P<sign>[*_~`])(?=[^\s\u200b])(?P<text>[^\n]*?)(?<=[^\s\u200b])(?P=sign)(?!\w)"
)
_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_DEPTH = 3


class Shown(NamedTuple):
    """A text as people see it, and whom it calls."""

    text: str
    mentions: tuple[str, ...] = ()


def read_plain(text: str) -> Shown:
    """Return what plain text shows."""
    return Shown(_characters(text))


def read_mrkdwn(text: str) -> Shown:
    """Return what ``mrkdwn`` shows."""
    specials = _SPECIAL.findall(text)
    mentions = tuple(each for each in specials if each.startswith(_CALLS))
    shown = _FENCE.sub(r"\1", _SPECIAL.sub(lambda match: _label(match[1]), text))
    for _ in range(_DEPTH):
        shown = _SIGNS.sub(lambda match: match["text"], shown)
    return Shown(_characters(shown), mentions)


def _label(special: str) -> str:
    head, bar, label = special.partition("|")
    return label if bar else head


def _characters(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
