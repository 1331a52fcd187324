"""A cache of renderings: each notification is rendered once, however often it is needed."""

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import ref

from app.values.notification import Notification

T = TypeVar("T")


class Renderings(Generic[T]):
    """Renders notifications, and keeps each result for as long as the notification exists.

    A result is used again when requests are merged, when attempts are repeated, and for every
    destination of the same notification.

    Args:
        render: Takes bounded time, and returns something of bounded size.
    """

    def __init__(self, render: Callable[[Notification], T]) -> None:
        self._render = render
        self._known: dict[int, tuple[ref[Notification], T]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, notification: Notification) -> T:
        """Return the rendering of this very notification."""
        # By identity: to compare texts of a megabyte would take as long as to render them.
        name = id(notification)
        known = self._known.get(name)
        if known is not None:
            return known[1]
        rendered = self._render(notification)
        self._known[name] = ref(notification, lambda _: self._known.pop(name)), rendered
        return rendered
