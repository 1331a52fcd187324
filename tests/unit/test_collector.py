import gc

from app.collector import relaxed_collector


def test_everything_is_as_before_afterwards() -> None:
    """A program that has this one inside gets its collector back."""
    before = gc.get_threshold()
    with relaxed_collector():
        assert gc.get_threshold() > before
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
