"""Draws ``docs/states.md`` from the table of moves; ``make papers`` writes it."""

from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

from app.engine.inflight.item import Stage, State
from app.engine.inflight.moves import ITEM_MOVES, JOB_MOVES, ItemMove, JobMove

PAGE = Path(__file__).parents[2] / "docs" / "states.md"

HEAD = """\
# States

What may become of a record, and of each of its deliveries. Drawn from the table in
`app/engine/inflight/transitions.py`, which is the only writer of these states; `make papers` writes
this page, and a test keeps it true. Any other move is a fault of the service: it is logged and
counted, and ends the attempt that made it and nothing else.

Whether a record is still this worker's is no state of its own: it carries the epoch of the
assignment of its partition in which it came in. What belongs to an older epoch changes no books,
whatever becomes of it. If the partition comes back and the same record comes in again, what a
destination was asked about, or what is being written, goes on in the new epoch and is not sent
again; everything else of the older one is forgotten.
"""


def page() -> str:
    """Return the page."""
    parts = (
        HEAD,
        "\n## A record\n",
        *_drawn(Stage.OPEN, ITEM_MOVES),
        "\n## A delivery\n",
        "\nOne record has one delivery for each destination.\n",
        *_drawn(State.WAITING, JOB_MOVES),
    )
    return "".join(parts)


def _drawn(first: Enum, moves: Sequence[JobMove] | Sequence[ItemMove]) -> Iterator[str]:
    yield f"\n```mermaid\nstateDiagram-v2\n    [*] --> {first.name}\n"
    for move in moves:
        for origin in move.origins:
            yield f"    {origin.name} --> {move.to.name}: {move.name}\n"
    yield "```\n\n| Move | From | To | When |\n|---|---|---|---|\n"
    for move in moves:
        origins = ", ".join(origin.name for origin in move.origins)
        yield f"| {move.name} | {origins} | {move.to.name} | {move.why} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
