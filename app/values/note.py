"""What the service left out of a notification, or changed about it, as whoever looks is told."""

import msgspec


class Note(msgspec.Struct, frozen=True, gc=False):
    """One thing that decorates a notification and was not sent as its producer wrote it.

    Attributes:
        field: Where it stands, as a path such as ``kwargs.fields[0].value``.
        problem: What was wrong with it and what became of it, fit to be shown (no secrets).
    """

    field: str
    problem: str
