"""What is asked before something is stopped, paused or forgotten: by a dialog, or by a page."""

from collections.abc import Mapping

import msgspec


class Question(msgspec.Struct, frozen=True):
    """One question."""

    label: str  # of the button that says yes
    text: str


QUESTIONS: Mapping[str, Question] = {
    "stop": Question(
        "Stop",
        "Stop this worker? It finishes started deliveries and leaves the group. If it is the only"
        " one, nothing is delivered until it is started again.",
    ),
    "pause": Question(
        "Pause",
        "Pause this worker? What it has taken is delivered; what comes to its partitions waits"
        " until it is resumed.",
    ),
    "inbox-clear": Question("Clear", "Clear the inbox? What came in is forgotten."),
    "destination-pause": Question(
        "Pause",
        "Pause this destination? No worker sends anything there until somebody resumes it. What is"
        " for it is kept.",
    ),
}
"""By the names of the actions."""
