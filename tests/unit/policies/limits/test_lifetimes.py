import pytest
from msgspec.structs import replace

from app.policies.limits.lifetimes import with_default_lifetime
from tests.support.engine import notification

NOW = 10_000.0


@pytest.mark.parametrize(
    ("age", "seconds", "ends_at"),
    [(3601.0, 3600.0, NOW - 1), (3600.0, 3600.0, None), (0.0, 3600.0, None), (9e9, 0.0, None)],
)
def test_what_is_too_old_has_expired(age: float, seconds: float, ends_at: float | None) -> None:
    """What is young enough has all the time it takes; without a limit everything is."""
    told = with_default_lifetime(notification(), NOW - age, NOW, seconds)
    assert told.expires_at == ends_at


def test_a_lifetime_of_its_own_counts() -> None:
    """However long."""
    told = replace(notification(), expires_at=NOW + 1)
    assert with_default_lifetime(told, 0.0, NOW, 60.0) is told
