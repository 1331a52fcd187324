"""Measures the steps of an event loop, from within."""

import asyncio
import ctypes
import gc
import os
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

BEAT_SECONDS = 0.001
LOOK_SECONDS = 0.01
LONG_SECONDS = 0.02
FRAMES = 10


class Moment(NamedTuple):
    """What clocks said between two turns of the event loop, in seconds."""

    clock: float  # the wall's
    own: float  # processor time of the loop's thread
    delayed: float  # for how long that thread could have gone on and had no processor (Linux)
    others: Mapping[int, float]  # processor time of Python's other threads, by their identifiers


class Step(NamedTuple):
    """One turn of the event loop, in seconds."""

    # processor time of the loop's thread, which no other load of the machine makes longer
    own: float
    kept: float  # for how long at most one other thread kept the interpreter's lock from it


def step(begin: Moment, end: Moment) -> Step:
    """Return what a turn took.

    While the loop's thread had no processor nobody kept anything from it. A thread that gives the
    lock back now and then looks as if it kept it if the loop's thread does not get on for other
    reasons: ``kept`` is true if it is as long the next time.
    """
    own = end.own - begin.own
    stalled = end.clock - begin.clock - own - (end.delayed - begin.delayed)
    others = [took - begin.others.get(thread, 0.0) for thread, took in end.others.items()]
    return Step(own, max(0.0, min(stalled, max(others, default=0.0))))


class LoopMeter:
    """Measures the turns of the event loop (``Step``).

    A beat every millisecond comes between any two of them. A thread looks on meanwhile, and
    remembers where the long ones were.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._delayed = delays_of(threading.get_native_id())
        self._watcher = threading.Thread(target=self._watch, name="watch the loop", daemon=True)
        self._seen: Counter[str] = Counter()
        self.reset()
        self._watcher.start()
        self._loop.call_soon(self._beat)

    def reset(self) -> None:
        """Forget what was measured."""
        self._longest = Step(0.0, 0.0)
        self._where: list[str] = []
        self._began = self._now()

    def report(self) -> dict[str, Any]:
        """Return the longest step in milliseconds, where it was, and measure anew.

        Its parts are each the longest of all steps.
        """
        self._book()
        own, kept = (round(1000 * part, 1) for part in self._longest)
        said = {"own": own, "kept": kept, "where": self._where}
        self.reset()
        return said

    def _beat(self) -> None:
        self._book()
        self._loop.call_later(BEAT_SECONDS, self._beat)

    def _book(self) -> None:
        now = self._now()
        took = step(self._began, now)
        if max(took) > max(self._longest):
            # The loop's own place first, wherever the others were how often.
            found = sorted(self._seen.items(), key=lambda seen: (seen[0][0], -seen[1]))
            self._where = [f"{count} times {at}" for at, count in found[:3]]
        self._longest = Step(max(took.own, self._longest.own), max(took.kept, self._longest.kept))
        self._seen = Counter()
        self._began = now

    def _now(self) -> Moment:
        mine = (self._thread, self._watcher.ident)
        others = {
            each.ident: time.clock_gettime(time.pthread_getcpuclockid(each.ident))
            for each in threading.enumerate()
            if each.ident is not None and each.ident not in mine
        }
        return Moment(time.perf_counter(), time.thread_time(), self._delayed(), others)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            if time.perf_counter() - self._began.clock > LONG_SECONDS:
                seen = self._seen
                for thread, frame in sys._current_frames().items():
                    stack = traceback.extract_stack(frame, limit=40)
                    ours = [each for each in stack if "/app/" in each.filename]
                    if thread == self._thread or ours:
                        last = [*ours[-FRAMES:], *stack[-2:]]
                        who = "loop" if thread == self._thread else "thread"
                        seen[f"{who}: " + " < ".join(map(_place, reversed(last)))] += 1


def delays_of(thread: int) -> Callable[[], float]:
    """Return what tells for how long a thread has waited for a processor so far, in seconds."""
    file = os.open(f"/proc/self/task/{thread}/schedstat", os.O_RDONLY)
    return lambda: int(os.pread(file, 100, 0).split()[1]) / 1e9


def memory_bytes() -> int:
    """Return how much memory of this process is in use, without what was freed (Linux)."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def open_files() -> int:
    """Return how many files and sockets this process has open (Linux)."""
    return len(list(Path("/proc/self/fd").iterdir()))


def _place(frame: traceback.FrameSummary) -> str:
    return f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
