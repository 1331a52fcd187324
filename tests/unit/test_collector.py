import gc
import resource
import sys

from app.collector import many_files, quick_switching, relaxed_collector


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


def test_as_many_files_as_are_allowed() -> None:
    """Never fewer than before, and as many as before afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        with many_files():
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] in {min(hard, 65_536), 65_536}
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(soft, 512)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        with many_files():
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
