"""Cards of received messages, newest last, bounded in number and in bytes."""

import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

import msgspec

from app.policies.redaction import NO_SECRETS, Secrets, veil
from app.policies.texts.plain_text import clip
from app.values.inbox import InboxCard

MAX_CARDS = 200
MAX_BYTES = 16 * 1024 * 1024
MAX_TEXT = 64 * 1024
SOURCE_HIDDEN = "(hidden: it holds a secret)"
MAX_NAME = 2048
"""Characters of a title, a field, a footer or an address."""
MAX_FIELDS = 250
MAX_RECIPIENTS = 100


class CardStore:
    """The cards of an inbox; the oldest make room.

    Args:
        secrets: Secrets to hide, beyond those recognised by a form that all have.
        max_bytes: The most memory their texts may take; the last card is kept in any case.
    """

    def __init__(
        self,
        on_card: Callable[[InboxCard], None] | None = None,
        secrets: Secrets = NO_SECRETS,
        *,
        max_cards: int = MAX_CARDS,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._on_card = on_card
        self._secrets = secrets
        self._max_cards = max_cards
        self._max_bytes = max_bytes
        self._clock = clock
        self._kept: deque[tuple[InboxCard, int]] = deque()
        self._bytes = 0
        self._last_id = 0

    def add(self, card: InboxCard) -> None:
        """Keep a card as ``shown`` returns it."""
        self.keep(self.shown(card))

    def shown(self, card: InboxCard) -> InboxCard:
        """Return a card with long texts shortened and secrets hidden; may take long.

        A mail's source says the same as its text in an encoding of its own, where nothing can be
        hidden; it is left out if it holds any secret.
        """
        return msgspec.structs.replace(
            card,
            title=card.title and self._name(card.title),
            text=self._veil(_shortened(card.text)),
            fields=tuple(
                (self._name(name), self._name(value)) for name, value in card.fields[:MAX_FIELDS]
            ),
            footer=card.footer and self._name(card.footer),
            sender=card.sender and self._name(card.sender),
            recipients=tuple(self._name(each) for each in card.recipients[:MAX_RECIPIENTS]),
            html=None if card.html is None else self._veil(_shortened(card.html)),
            raw=self._source(card),
        )

    def keep(self, shown: InboxCard) -> None:
        """Keep a card, with its ``id`` and ``time`` set."""
        self._last_id += 1
        now = datetime.fromtimestamp(self._clock(), UTC)
        stamped = msgspec.structs.replace(
            shown, id=self._last_id, time=now.isoformat(timespec="milliseconds")
        )
        size = _size(stamped)
        self._kept.append((stamped, size))
        self._bytes += size
        while len(self._kept) > self._max_cards or (
            self._bytes > self._max_bytes and len(self._kept) > 1
        ):
            self._bytes -= self._kept.popleft()[1]
        if self._on_card is not None:
            self._on_card(stamped)

    def cards(self, limit: int) -> tuple[InboxCard, ...]:
        """Return the last ``limit`` cards, newest first."""
        return tuple(card for card, _ in islice(reversed(self._kept), max(limit, 0)))

    def clear(self) -> None:
        """Forget all cards; ids go on growing."""
        self._kept.clear()
        self._bytes = 0

    def _source(self, card: InboxCard) -> str:
        said = (card.title or "", card.text, card.html or "")
        if card.kind == "email" and any(self._veil(text) != text for text in said):
            return SOURCE_HIDDEN
        return self._veil(_shortened(card.raw))

    def _name(self, text: str) -> str:
        return self._veil(clip(text, MAX_NAME))

    def _veil(self, text: str) -> str:
        return veil(text, self._secrets)


def _shortened(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}… ({len(text) - MAX_TEXT:,} more characters)"


def _size(card: InboxCard) -> int:
    texts = [card.title, card.text, card.footer, card.sender, card.html, card.raw]
    fields = [part for field in card.fields for part in field]
    return sum(map(sys.getsizeof, [*texts, *fields, *card.recipients]))
