"""Python's cycle collector, set for a service that makes many objects and hardly any cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG, _MIDDLE, _OLD = 10_000, 20, 50
"""Thresholds of the generations; Python's own are 700, 10, 10."""


@contextmanager
def relaxed_collector() -> Iterator[None]:
    """Look at what was made until now no more, and at what is made from now on less often.

    What a delivery needs is freed by its reference counts. With Python's own thresholds the
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
