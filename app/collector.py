"""The process, set for a service with one event loop, many sockets, and hardly any cycles."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_YOUNG, _MIDDLE, _OLD = 10_000, 20, 50
"""Thresholds of the generations; Python's own are 700, 10, 10."""

_SWITCH_SECONDS = 0.0005


@contextmanager
def quick_switching() -> Iterator[None]:
    """Let the event loop have the interpreter's lock soon when a thread works on something heavy.

    uvloop takes the lock for each thing that happened, and a thread keeps it for 5 ms by default:
    with 50 busy connections, a turn of the loop took 72 ms beside a busy thread, and takes 15.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


_FILES = 65_536


@contextmanager
def many_files() -> Iterator[None]:
    """Have as many files and sockets as this process may, whatever it was started with.

    Most systems let a process have 1,024 at first and say that it may have many more. Requests to
    destinations that hang, each of a full window, and name lookups would take nearly all of those.
    """
    if sys.platform == "win32":
        yield
        return
    import resource  # noqa: PLC0415 - Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    wanted = soft if soft == resource.RLIM_INFINITY else max(soft, allowed)
    with suppress(ValueError, OSError):  # some systems know a lower limit of their own
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def relaxed_collector() -> Iterator[None]:
    """Look at what was made until now no more, and at what is made from now on less often.

    A delivery's objects are freed by their reference counts. With Python's own thresholds the
    collector takes a tenth of the processor at full load, and finds nothing.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
