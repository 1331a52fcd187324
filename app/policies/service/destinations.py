"""Which destinations come first: the page, the API and the metrics have one order. Pure."""

from collections.abc import Mapping
from typing import Final

from app.values.snapshot import DestinationSnapshot, DestinationState

SEVERITY: Final[Mapping[DestinationState, int]] = {
    state: place
    for place, state in enumerate(
        (
            DestinationState.GONE,
            DestinationState.DENIED,
            DestinationState.BROKEN,
            DestinationState.PAUSED,
            DestinationState.RATE_LIMITED,
            DestinationState.OPEN,
        )
    )
}
"""Those that need attention come first; ``static/page.js`` has the same."""


def worst_first(item: tuple[str, DestinationSnapshot]) -> tuple[int, int, int, str]:
    """Return what orders destinations: by state, by how much failed and waits, by name.

    Args:
        item: Its redacted address, and how it is.
    """
    label, shown = item
    return SEVERITY[shown.state], -shown.messages_failed, -shown.queued, label
