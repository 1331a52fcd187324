"""``python -m tests.benchmarks.sampled FILE ARGUMENTS``: uvicorn, and where its processor time goes.

A timer of processor time interrupts the process; what is under way then is counted by the part of
the service that it belongs to: the innermost frame that belongs to any. Time inside of C code
counts for who called it. The counts are written as JSON when the process ends.
"""

import atexit
import json
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

SKIPPED = 3.0
"""Seconds of processor time before the first sample: the start, and the caches' warming up."""
INTERVAL = 0.002
ELSEWHERE = "event loop, sockets and the rest"
# A part of the path of a file, and what it is; the first that fits.
PARTS = (
    ("/app/edges/http/", "HTTP exchange"),
    ("/aiokafka/", "Kafka client"),
    ("/app/edges/kafka/", "Kafka client"),
    ("/app/policies/parsing/", "parsing"),
    ("/app/engine/admission", "admission: books, repeats, routing"),
    ("/app/engine/reading", "admission: books, repeats, routing"),
    ("/app/engine/group/intake", "admission: books, repeats, routing"),
    ("/app/engine/inflight/leaders", "admission: books, repeats, routing"),
    ("/app/engine/group/retry_topics", "admission: books, repeats, routing"),
    ("/app/policies/addresses/destinations", "admission: books, repeats, routing"),
    ("/app/policies/routing", "admission: books, repeats, routing"),
    ("/app/policies/books/repeats", "admission: books, repeats, routing"),
    ("/app/edges/channels/", "channel: request and answer"),
    ("/app/policies/headers/identifiers", "channel: request and answer"),
    ("/app/engine/observer", "statistics, metrics, delivery log, history"),
    ("/app/engine/attempts", "statistics, metrics, delivery log, history"),
    ("/app/engine/history", "statistics, metrics, delivery log, history"),
    ("/app/edges/metrics", "statistics, metrics, delivery log, history"),
    ("/app/policies/books/history", "statistics, metrics, delivery log, history"),
    ("/app/policies/books/rates", "statistics, metrics, delivery log, history"),
    ("/app/policies/books/statistics", "statistics, metrics, delivery log, history"),
    ("/app/engine/flow", "flow, ledger, commit"),
    ("/app/engine/settlement", "flow, ledger, commit"),
    ("/app/engine/inflight/", "flow, ledger, commit"),
    ("/app/engine/group/", "flow, ledger, commit"),
    ("/app/policies/books/", "flow, ledger, commit"),
    ("/app/engine/turn", "lanes: order, limits, turns"),
    ("/app/engine/lanes/", "lanes: order, limits, turns"),
    ("/app/policies/limits/", "lanes: order, limits, turns"),
    ("/app/engine/", "the rest of the service"),
    ("/app/policies/", "the rest of the service"),
    ("/app/faces/", "the rest of the service"),
)


def part_of(files: Iterable[str]) -> str:
    """Return the part of the service that a stack belongs to, by its files, the innermost first."""
    for file in files:
        for path, part in PARTS:
            if path in file:
                return part
    return ELSEWHERE


def _files(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def main() -> None:
    """Run uvicorn with the arguments after the first, the file that the counts are written to."""
    counts: Counter[str] = Counter()

    def count(_number: int, frame: FrameType | None) -> None:
        counts[part_of(_files(frame))] += 1

    file = Path(sys.argv.pop(1))

    @atexit.register
    def write() -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        file.write_text(json.dumps(counts), encoding="utf-8")

    # uvicorn raises the signal that ended it once more: by default nothing would be written then.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGPROF, count)
    signal.setitimer(signal.ITIMER_PROF, SKIPPED, INTERVAL)
    uvicorn.main()


if __name__ == "__main__":
    main()
