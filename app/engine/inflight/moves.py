"""Which moves a record and each of its deliveries may make: ``docs/states.md`` is drawn from it."""

from typing import Final, NamedTuple

from app.engine.inflight.item import Stage, State


class JobMove(NamedTuple):
    """Something that may become of one delivery.

    Attributes:
        origins: The states in which it may.
        to: The state that follows.
        why: When it does, for the picture.
    """

    name: str
    origins: tuple[State, ...]
    to: State
    why: str


class ItemMove(NamedTuple):
    """Something that may become of a record; as ``JobMove``."""

    name: str
    origins: tuple[Stage, ...]
    to: Stage
    why: str


WAIT: Final = JobMove(
    "wait",
    (State.WAITING, State.ACTIVE, State.DISCARDED),
    State.WAITING,
    "it is put in line: at first, for another attempt, or because its partition came back",
)
START: Final = JobMove("start", (State.WAITING,), State.ACTIVE, "its request begins")
FINISH: Final = JobMove(
    "finish",
    (State.ACTIVE, State.WAITING, State.DEFERRED),
    State.DONE,
    "every target accepted it or never will; or its time has passed",
)
DEFER: Final = JobMove(
    "defer",
    (State.ACTIVE, State.WAITING, State.DISCARDED),
    State.DEFERRED,
    "it is to go on later, from a retry topic",
)
DROP: Final = JobMove(
    "drop",
    (State.ACTIVE, State.WAITING),
    State.DISCARDED,
    "the worker stops, or lets its partition go: the record comes in again, here or elsewhere",
)
JOB_MOVES: Final = (WAIT, START, FINISH, DEFER, DROP)

LEAVE: Final = ItemMove(
    "leave",
    (Stage.OPEN,),
    Stage.LEAVING,
    "every delivery has its end, and not all of them are accepted: it is written elsewhere",
)
LET_GO: Final = ItemMove(
    "let go",
    (Stage.LEAVING,),
    Stage.OPEN,
    "its partition went before the write was acknowledged, or no topic takes it",
)
WRITTEN: Final = ItemMove("written", (Stage.LEAVING,), Stage.WRITTEN, "the broker acknowledged it")
SETTLE: Final = ItemMove(
    "settle",
    (Stage.OPEN, Stage.WRITTEN),
    Stage.SETTLED,
    "every target has accepted it, or what is left of it is acknowledged elsewhere",
)
PARK: Final = ItemMove(
    "park",
    (Stage.OPEN,),
    Stage.PARKED,
    "there is no place for it: its offset stays unsettled, alone, and is read again later",
)
ITEM_MOVES: Final = (LEAVE, LET_GO, WRITTEN, SETTLE, PARK)
