"""What the inbox's servers are given in tests."""

from collections.abc import Awaitable, Callable

from app.values.inbox import InboxCard


def keeping(kept: list[InboxCard]) -> Callable[[InboxCard], Awaitable[None]]:
    """Return what keeps cards in a list."""

    async def keep(card: InboxCard) -> None:
        kept.append(card)

    return keep
