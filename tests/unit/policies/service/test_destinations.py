"""Which destinations come first."""

from app.policies.service.destinations import SEVERITY, worst_first
from app.values.snapshot import DestinationSnapshot, DestinationState


def destination(state: DestinationState, failed: int = 0, queued: int = 0) -> DestinationSnapshot:
    """Return a destination in a state."""
    return DestinationSnapshot("webhook", state, None, queued, 0, 0, failed, 0, 0, None)


def test_destinations_that_need_attention_stand_first() -> None:
    """By state, by how much failed and waits, then by name."""
    by_label = {
        "b": destination(DestinationState.OPEN),
        "a": destination(DestinationState.OPEN),
        "waits": destination(DestinationState.OPEN, queued=7),
        "fails": destination(DestinationState.OPEN, failed=1),
        "limited": destination(DestinationState.RATE_LIMITED),
        "paused": destination(DestinationState.PAUSED),
        "broken": destination(DestinationState.BROKEN),
        "denied": destination(DestinationState.DENIED),
        "gone": destination(DestinationState.GONE),
    }
    assert [label for label, _ in sorted(by_label.items(), key=worst_first)] == [
        "gone",
        "denied",
        "broken",
        "paused",
        "limited",
        "fails",
        "waits",
        "a",
        "b",
    ]


def test_every_state_has_its_place() -> None:
    """A new one must not end a page or a scrape."""
    assert SEVERITY.keys() == set(DestinationState)
