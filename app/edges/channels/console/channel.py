"""The console: notifications as text, for development and for piping elsewhere."""

from collections.abc import Callable, Sequence

from app.edges.aside import Aside
from app.edges.callbacks import InTasks
from app.edges.channels.base import Attempt, Channel, Then
from app.policies.mail.text import text_of
from app.policies.texts.notes import ATTACHMENTS
from app.policies.texts.plain_text import SHORTENED, readable, shorten
from app.policies.texts.visible import visible, visible_line
from app.values.delivery import Delivery
from app.values.note import Note
from app.values.notification import Notification
from app.values.outcome import Answer, Delivered, Outcome, Retry

MOST_TEXT = 100_000
MOST_TITLE = 1000
"""Characters of one notification that are written; what is longer is shortened."""


_NO_FILES = Note(ATTACHMENTS, "the console takes no files; left out")
_TOO_LONG = Note("content", "longer than is written to the console; shortened")


class ConsoleChannel(Channel):
    """Writes one block of text for each notification.

    It writes in a thread of its own: a text may be long, and the reader at the other end of a pipe
    may have stopped. Then only what is for the console waits.

    Args:
        write: Takes the block, line breaks included; ``sys.stdout.write`` or the like.
    """

    name = "console"

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._aside = Aside("console")
        self._tasks = InTasks("write to the console")

    def begin(self, deliveries: Sequence[Delivery], then: Then) -> Attempt:
        """See ``Channel.begin``."""
        return self._tasks.begin(self._attempt(deliveries), then)

    async def _attempt(self, deliveries: Sequence[Delivery]) -> Answer:
        (delivery,) = deliveries

        def write() -> str:
            text = block(delivery.notification)
            self._write(text)
            return text

        text = ""
        outcome: Outcome
        try:
            text = await self._aside.run(write)
        except (OSError, ValueError) as error:  # closed, full, or without the characters
            outcome = Retry(f"the console cannot be written to: {error}")
        else:
            outcome = Delivered()
        notes: tuple[Note, ...] = (_NO_FILES,) if delivery.notification.mail.attachments else ()
        if SHORTENED in text:
            notes += (_TOO_LONG,)
        return Answer(((outcome,) * len(delivery.targets),), notes=(notes,))

    async def close(self) -> None:
        """End the thread."""
        await self._tasks.close()
        self._aside.close()


def block(notification: Notification) -> str:
    """Return the text: title and priority, then all that a mail's text says, indented."""
    title = visible_line((notification.title or "Notification")[:MOST_TITLE])
    head = f"--- {title} ({notification.priority.name.lower()})"
    text = shorten(text_of(notification, readable(notification), title), MOST_TEXT)
    body = visible(text).strip()
    return "\n  ".join([head, *body.splitlines()]) + "\n"
