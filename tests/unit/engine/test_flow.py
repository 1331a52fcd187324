"""What comes in: in stages, and in order all the same."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from app.engine.admission import Judgement
from app.engine.flow import Flow
from app.engine.group.uncommitted import Uncommitted
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item
from app.engine.inflight.leaders import Leaders
from app.engine.inflight.partition import Assigned, Start
from app.engine.inflight.window import Window
from app.policies.books.repeats import Repeats
from app.policies.routing import Routed
from app.values.delivery import Delivery
from app.values.record import Record
from tests.support.engine import (
    PARTITION,
    SkewedClock,
    assignment,
    delivery,
    item,
    notification,
    observer,
    record,
)


class Steps:
    """Judges, routes and delivers, and remembers in which order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def item(self, incoming: Record, assigned: Assigned, now: float) -> Item:
        """Return an item."""
        assert now > 0
        return Item(incoming, assigned.epoch, incoming.offset.to_bytes(32, "big"))

    def judge(self, judged: Item) -> Judgement:
        """Understand it."""
        self.told.append(("judged", judged.record.offset))
        return notification(f"{judged.record.offset}")

    def route(self, routed: Item) -> Routed:
        """Send it to one destination."""
        self.told.append(("routed", routed.record.offset))
        return Routed((delivery(notification(f"{routed.record.offset}")),), ())

    def submit(self, submitted: Item, deliveries: Iterable[Delivery], *, crowded: bool) -> None:
        """Put it in line."""
        assert not crowded
        assert len(list(deliveries)) == 1
        self.told.append(("in line", submitted.record.offset))

    def resubmit(self, submitted: Item) -> None:
        """Put it in line again."""
        self.told.append(("in line", submitted.record.offset))


def flow(held: Assignment, steps: Steps) -> Flow:
    """Return a flow from the partition to the lanes."""
    clock = SkewedClock()
    parts: Any = steps
    return Flow(
        held,
        parts,
        parts,
        SimpleNamespace(),  # type: ignore[arg-type]  # nothing leaves
        Leaders(Repeats()),
        Window(1000),
        Uncommitted(),
        clock,
        observer(clock),
        max_age=0.0,
    )


def test_what_comes_in_together_goes_in_stages() -> None:
    """All of it is judged before any of it is put in line, in its order."""
    held, steps = assignment(), Steps()
    flow(held, steps).received([record(offset=offset) for offset in range(2)], held[PARTITION])
    assert steps.told == [
        ("judged", 0),
        ("judged", 1),
        ("routed", 0),
        ("routed", 1),
        ("in line", 0),
        ("in line", 1),
    ]


def test_what_goes_on_keeps_its_place_among_what_is_new() -> None:
    """One of its destinations was asked before the partition was away; another was not."""
    begun = item(notification("begun"), assignment()[PARTITION], offset=1)
    held, steps = Assignment(), Steps()
    held.give({PARTITION: Start(0)}, {PARTITION: {1: begun}})
    begun.epoch = 0
    incoming = [record(offset=0), begun.record, record(offset=2)]
    flow(held, steps).received(incoming, held[PARTITION])
    assert [offset for step, offset in steps.told if step == "in line"] == [0, 1, 2]
    assert held.of(begun) is held[PARTITION]
