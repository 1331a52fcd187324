"""Turns: what is made at once is bounded."""

import asyncio
import socket

from app.engine.inflight.item import Item
from app.engine.turn import AT_ONCE, Turn
from app.values.outcome import PLAIN_YES, Answer
from tests.support.engine import PARTITION, SkewedClock, assignment, item, notification, observer


class Many:
    """A sender with very many requests, all of them its own."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.begun = 0

    def go(self) -> None:
        """Ask for all of them."""
        for _ in range(2 * AT_ONCE + 1):
            self._turn.ask(self)

    def begin(self) -> None:
        """Count."""
        self.begun += 1

    def ended(self, answer: Answer | Exception) -> None:
        """Nothing ends here."""
        raise AssertionError(answer)


async def test_requests_are_made_a_few_at_a_time() -> None:
    """However many there are, others have their turn; all of them are made."""
    turn = Turn(observer(SkewedClock()))
    sender, begun = Many(turn), list[int]()
    turn.wake(sender)
    while not begun or begun[-1] < 2 * AT_ONCE + 1:
        await asyncio.sleep(0)
        begun.append(sender.begun)
    assert [*dict.fromkeys(begun)] == [AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE + 1]


async def test_what_is_read_during_a_turn_does_not_wait_for_the_next_one() -> None:
    """Whoever asks this service at full load waits for the turn that is under way, for no other."""
    turn = Turn(observer(SkewedClock()))
    sender, begun = Many(turn), list[int]()
    here, there = socket.socketpair()
    with here, there:
        loop, read = asyncio.get_running_loop(), asyncio.Event()

        def asked() -> None:
            begun.append(sender.begun)
            loop.remove_reader(here)
            read.set()

        loop.add_reader(here, asked)
        turn.wake(sender)
        loop.call_soon(there.send, b"GET /stats")  # after the first turn, before anything is read
        await read.wait()
    assert begun == [AT_ONCE]


async def test_nothing_comes_round_twice() -> None:
    """What is settled at the end of a turn may wake a sender: still it is one turn at a time."""
    turn = Turn(observer(SkewedClock()))
    sender, late = Many(turn), Many(turn)
    settled: list[Item] = []

    def settle(ended: Item) -> None:
        settled.append(ended)
        turn.wake(late)

    class Ending:
        """A sender one of whose deliveries ends as it looks."""

        def go(self) -> None:
            """Look."""
            turn.ended(item(notification(), assignment()[PARTITION], offset=0))

    turn.settle = settle
    turn.wake(sender)
    turn.wake(Ending())
    begun = []
    for _ in range(6):
        await asyncio.sleep(0)
        begun.append(sender.begun + late.begun)
    assert len(settled) == 1
    assert begun == [turns * AT_ONCE for turns in (1, 2, 2, 3, 3, 4)]


async def test_answers_are_booked_while_nothing_may_be_sent() -> None:
    """What is under way goes on; what waits goes out once it may, and until then costs no turns."""
    turn = Turn(observer(SkewedClock()))
    sender, booked = Many(turn), list[Answer | Exception]()
    may_send, asked_whether = False, 0

    def is_allowed() -> bool:
        nonlocal asked_whether
        asked_whether += 1
        return may_send

    class UnderWay:
        """A request that was begun before."""

        def begin(self) -> None:
            """Not again."""
            raise AssertionError

        def ended(self, answer: Answer | Exception) -> None:
            """Note it."""
            booked.append(answer)

    turn.may_send = is_allowed
    turn.wake(sender)
    turn.answered(UnderWay(), PLAIN_YES)
    for _ in range(6):
        await asyncio.sleep(0)
    assert (booked, sender.begun, asked_whether) == ([PLAIN_YES], 0, 1)
    assert turn.is_awaited(sender)
    may_send = True
    turn.come_round()
    await asyncio.sleep(0)
    assert sender.begun == AT_ONCE
