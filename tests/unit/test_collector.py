import gc
import sys

from app.collector import quick_switching, relaxed_collector


def test_everything_is_as_before_afterwards() -> None:
    """A program that has this one inside gets its collector back."""
    before = gc.get_threshold()
    with relaxed_collector():
        assert gc.get_threshold() > before
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_threads_give_way_sooner() -> None:
    """As long as the service runs."""
    before = sys.getswitchinterval()
    with quick_switching():
        assert sys.getswitchinterval() < before / 5
    assert sys.getswitchinterval() == before
