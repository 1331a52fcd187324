"""One turn of the event loop: book what came, settle it together, then send together.

To follow one delivery from its answer to the next request takes more code than a processor keeps at
hand, once for each. Stage by stage, the same work takes two thirds of the time. What comes in
(``Flow.received``) and what is written to sockets (``DirectClient``) goes in stages, too.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from app.engine.inflight.item import Item
from app.engine.observer import Observer
from app.values.outcome import Answer

AT_ONCE = 64
"""Answers that are worked off, and requests that are made, before the event loop comes round."""


class Asked(Protocol):
    """A request."""

    def begin(self) -> None:
        """Make it."""
        ...

    def ended(self, answer: Answer | Exception) -> None:
        """Book what came; an exception is an error of the service's own."""
        ...


class Sender(Protocol):
    """Something that may have a request to make."""

    def go(self) -> None:
        """Ask (``Turn.ask``) what may be asked now."""
        ...


class Turn:
    """Collects what happens, and works it off in stages.

    What ends while no turn is under way is settled at once: whoever lets partitions go relies on
    it.

    Args:
        observer: Counts faults.

    Attributes:
        settle: Takes an item about which nothing more is done here; set once, at wiring.
        may_send: Says whether requests may be made; set once, at wiring. Whoever says no calls
            ``come_round`` once they may.
    """

    def __init__(self, observer: Observer) -> None:
        self.settle: Callable[[Item], None] = _unsettled
        self.may_send: Callable[[], bool] = _always
        self._observer = observer
        self._answers: deque[tuple[Asked, Answer | Exception]] = deque()
        self._ended: list[Item] = []
        self._woken: dict[Sender, None] = {}
        self._asked: deque[Asked] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next: asyncio.Handle | None = None
        self._under_way = False
        self._held = False

    def answered(self, asked: Asked, answer: Answer | Exception) -> None:
        """Take an answer; it is booked soon."""
        self._answers.append((asked, answer))
        if self._next is None:
            self.come_round()

    def wake(self, sender: Sender) -> None:
        """Let something look soon whether it has a request to make."""
        self._woken[sender] = None
        if self._next is None:
            self.come_round()

    def ask(self, asked: Asked) -> None:
        """Take a request that a sender has to make, from within ``Sender.go``."""
        self._asked.append(asked)

    def is_awaited(self, sender: Sender) -> bool:
        """Say whether something that was woken has not looked yet."""
        return sender in self._woken

    def ended(self, item: Item) -> None:
        """Take an item about which nothing more is done here."""
        if self._under_way:
            self._ended.append(item)
        else:
            self._settle_one(item)

    def close(self) -> None:
        """Forget what came and was not worked off."""
        self._answers.clear()
        self._ended.clear()
        self._woken.clear()
        self._asked.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def come_round(self) -> None:
        """Work off soon what has come together."""
        if self._next is None and not self._under_way:
            loop = self._loop
            if loop is None or loop.is_closed():
                loop = self._loop = asyncio.get_running_loop()
            self._next = loop.call_soon(self._run)

    def _run(self) -> None:
        self._next = None
        self._under_way = True
        try:
            self._observer.collect()
            try:
                self._book()
                self._settle_ended()
            finally:
                self._observer.write_down()
            self._send()
        finally:
            self._under_way = False
            self._settle_ended()  # what ended while requests were made: expired, put aside
            self._go_on()

    def _go_on(self) -> None:
        """See to what is left of a turn, unless it is seen to."""
        to_send = not self._held and (self._woken or self._asked)
        if self._next is None and (self._answers or to_send):
            self._next = asyncio.get_running_loop().call_soon(self._after_others)

    def _after_others(self) -> None:
        """Come round once others have done what they read meanwhile: whoever asks this service."""
        self._next = None
        self.come_round()

    def _book(self) -> None:
        answers = self._answers
        for _ in range(min(len(answers), AT_ONCE)):
            asked, answer = answers.popleft()
            asked.ended(answer)

    def _settle_ended(self) -> None:
        while self._ended:
            ended, self._ended = self._ended, []
            for item in ended:
                self._settle_one(item)

    def _settle_one(self, item: Item) -> None:
        try:
            self.settle(item)
        except Exception as error:  # noqa: BLE001 - it stays unsettled, and comes again
            self._observer.fault(f"settling {item.name}", error)

    def _send(self) -> None:
        self._held = not self.may_send()
        if self._held:
            return
        woken, self._woken = self._woken, {}
        for sender in woken:
            sender.go()
        asked = self._asked
        for _ in range(min(len(asked), AT_ONCE)):
            asked.popleft().begin()


def _always() -> bool:
    return True


def _unsettled(item: Item) -> None:
    raise RuntimeError(f"nobody settles {item.record.coordinates}")
