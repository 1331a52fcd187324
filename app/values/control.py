"""What the control plane answers, beside the snapshot."""

import msgspec

from app.values.snapshot import Attempt


class AttemptPage(msgspec.Struct, frozen=True):
    """Newest first; ``next_cursor`` is None on the last page."""

    deliveries: tuple[Attempt, ...]
    next_cursor: int | None


class TestBatch(msgspec.Struct, frozen=True):
    """The answer of ``POST /test-notifications``."""

    type: str
    requested: int
    published: int
    message_ids: tuple[str, ...]
