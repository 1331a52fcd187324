"""A thread for each call that may block for ever, so that nobody else waits for it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Aside:
    """Makes one call after the other, in the order in which they were asked for.

    Not even the end of the process waits for a call that hangs.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, call: Callable[[], T]) -> T:
        """Make a call and return its result; its error is raised here."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def tell(result: T | None, error: Exception | None) -> None:
            if answer.done():  # nobody waits any more
                return
            if error is None:
                answer.set_result(result)  # type: ignore[arg-type]  # None only if T is
            else:
                answer.set_exception(error)

        def make() -> None:
            result, error = None, None
            try:
                result = call()
            except Exception as caught:  # noqa: BLE001 - it is raised where it is awaited
                error = caught
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(tell, result, error)

        self._calls.put(make)
        return await answer

    def close(self) -> None:
        """Let the thread end after its last call."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
