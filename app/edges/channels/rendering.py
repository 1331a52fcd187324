"""What notifications were rendered to: each is rendered once, however often it is asked for."""

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import ref

from app.values.notification import Notification

T = TypeVar("T")


class Renderings(Generic[T]):
    """Renders notifications, and remembers the result for as long as the notification is there.

    It is asked for again when the next requests are put together, when attempts are repeated, and
    for every destination that is sent the same.

    Args:
        render: Takes bounded time, and returns something of bounded size.
    """

    def __init__(self, render: Callable[[Notification], T]) -> None:
        self._render = render
        self._known: dict[int, tuple[ref[Notification], T]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, notification: Notification) -> T:
        """Return what this very notification is rendered to."""
        # By identity: to compare texts of a megabyte would take as long as to render them.
        name = id(notification)
        known = self._known.get(name)
        if known is not None:
            return known[1]
        rendered = self._render(notification)
        self._known[name] = ref(notification, lambda _: self._known.pop(name)), rendered
        return rendered
