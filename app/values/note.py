"""Notes: parts of a notification that the service left out or changed."""

import msgspec


class Note(msgspec.Struct, frozen=True, gc=False):
    """One thing that decorates a notification and was not sent as its producer wrote it.

    Attributes:
        field: The part, as a path such as ``kwargs.fields[0].value``.
        problem: The fault and its consequence, fit to be shown (no secrets).
    """

    field: str
    problem: str
