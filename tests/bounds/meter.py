"""Measures the steps of an event loop, from within."""

import asyncio
import ctypes
import gc
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

BEAT_SECONDS = 0.001
LOOK_SECONDS = 0.01
LONG_SECONDS = 0.02
FRAMES = 6


class LoopMeter:
    """Measures how long the event loop takes from one of its turns to the next.

    A beat every millisecond comes between any two turns. What counts is processor time, so that a
    machine that is busy with other things makes no step longer: what the loop's own thread took,
    or, if that is more, what the whole process took while the loop stood still. A thread that
    keeps the interpreter's lock for long is found so, too.

    A thread looks on meanwhile, and remembers where the long steps were.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._watcher = threading.Thread(target=self._watch, name="watch the loop", daemon=True)
        self._began = (time.thread_time(), time.process_time(), time.perf_counter())
        self._seen: Counter[str] = Counter()
        self.reset()
        self._watcher.start()
        self._loop.call_soon(self._beat)

    def reset(self) -> None:
        """Forget what was measured."""
        self._longest = 0.0
        self._where: list[str] = []
        self._began = (time.thread_time(), time.process_time(), time.perf_counter())

    def report(self) -> dict[str, Any]:
        """Return the longest step in milliseconds, where it was, and measure anew."""
        said = {"ms": round(self._longest * 1000, 1), "where": self._where}
        self.reset()
        return said

    def _beat(self) -> None:
        now = (time.thread_time(), time.process_time(), time.perf_counter())
        own, process, clock = (end - begin for begin, end in zip(self._began, now, strict=True))
        took = max(own, min(process, clock))
        if took > self._longest:
            self._longest = took
            self._where = [f"{count} times {at}" for at, count in self._seen.most_common(3)]
        self._seen = Counter()
        self._began = now
        self._loop.call_later(BEAT_SECONDS, self._beat)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            if time.perf_counter() - self._began[2] > LONG_SECONDS:
                seen = self._seen
                for thread, frame in sys._current_frames().items():
                    stack = traceback.extract_stack(frame, limit=40)
                    ours = [each for each in stack if "/app/" in each.filename]
                    if thread == self._thread or ours:
                        last = [*ours[-FRAMES:], *stack[-2:]]
                        seen[" < ".join(map(_place, reversed(last)))] += 1


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
