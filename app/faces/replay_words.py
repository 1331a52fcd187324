"""Names in words the dead letters that a replay leaves out."""

from app.language.speaking import translate
from app.values.replay import Replay

LEFT_OUT = {
    "already": "replayed before",
    "doubles": "doubles of others",
    "expired": "expired",
    "incomplete": "too large for their value to be kept",
    "foreign": "of other consumer groups or topics",
    "missing": "not in the topic",
}
"""The counts of a ``Replay`` that are not sent again."""


def left_out(replay: Replay) -> str:
    """Return them, as ``1 replayed before, 2 expired``; empty if nothing is left out."""
    counts = ((getattr(replay, field), words) for field, words in LEFT_OUT.items())
    return translate(", ").join(f"{count:,} {translate(words)}" for count, words in counts if count)
