"""What one worker shows another."""

import pytest

from app.policies.service.access import Access
from app.policies.service.passes import LIFETIME

KEYS = ("first key of sixteen", "second key of sixteen")
PATH, NOW = "/notifications/交易 \udcff/1", 1_700_000_000.5
PASSES = Access.of(KEYS).passes


def test_workers_with_the_same_keys_take_each_others() -> None:
    """In whatever order they were set, whatever they are called."""
    given = PASSES.issue(PATH, NOW)
    others = Access.of([f"ops={KEYS[1]}", KEYS[0]]).passes
    assert others.admit(given, PATH, NOW - LIFETIME / 2)
    assert others.admit(given, PATH, NOW + LIFETIME - 1)
    assert not others.admit(given, PATH, NOW + LIFETIME)
    assert not Access.of(KEYS[:1]).passes.admit(given, PATH, NOW)


def test_none_is_good_for_ever() -> None:
    """Not even one that a clock that is far ahead has made."""
    assert not PASSES.admit(PASSES.issue(PATH, NOW + 3 * LIFETIME), PATH, NOW)


@pytest.mark.parametrize(
    "given", ["", ".", "x.y", "²." + "0" * 64, "9" * 200, "1700000060.ÿ", "1." * 60]
)
def test_what_is_none_is_refused(given: str) -> None:
    """Whatever it is."""
    assert not PASSES.admit(given, PATH, NOW)
    signature = PASSES.issue(PATH, NOW).partition(".")[2]
    assert not PASSES.admit(f"{given}.{signature}", PATH, NOW)
