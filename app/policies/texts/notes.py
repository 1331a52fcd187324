"""Notes: collected while a notification is read or written, and bounded."""

from app.policies.redaction import scrub
from app.values.note import Note

MOST_NOTES = 20
MAX_FIELD = 100
MAX_PROBLEM = 300
MAX_QUOTE = 60
ATTACHMENTS = "kwargs.attachments"


class Notes:
    """Collects notes on one notification; those beyond ``MOST_NOTES`` are only counted."""

    __slots__ = ("_more", "_notes")

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._more = 0

    def add(self, field: str, problem: str) -> None:
        """Note a fault of a field, and its consequence."""
        if len(self._notes) >= MOST_NOTES:
            self._more += 1
        else:
            self._notes.append(Note(_cut(field, MAX_FIELD), _cut(problem, MAX_PROBLEM)))

    def left_out(self, field: str, problem: str) -> None:
        """Note that a field is left out, and why."""
        self.add(field, f"{problem}; left out")

    def all(self) -> tuple[Note, ...]:
        """Return the notes, in order."""
        if not self._notes:
            return ()
        if self._more:
            return (*self._notes, Note("", f"and {self._more:,} more"))
        return tuple(self._notes)


def quoted(value: object) -> str:
    """Return a producer's value as a note may show it: short, on one line, without secrets."""
    return _cut(scrub(repr(value), most=4 * MAX_QUOTE), MAX_QUOTE)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
