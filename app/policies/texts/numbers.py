"""Numbers as a person writes them."""

from decimal import Decimal
from math import isfinite

MOST_PLACES = 40
"""Digits that a number is written out with; beyond them it keeps its power of ten."""


def plain_number(number: float) -> str:
    """Return a number without a power of ten: ``0.00001234``, not ``1.234e-05``.

    The digits are the shortest that mean this number; ``12.50`` reads ``12.5``.
    Numbers without end keep JSON's names for them.
    """
    if not isfinite(number):
        return {"inf": "Infinity", "-inf": "-Infinity"}.get(str(number), "NaN")
    shortest = repr(number)
    if "e" not in shortest:
        return shortest
    exact = Decimal(shortest)
    if abs(exact.adjusted()) > MOST_PLACES:
        return shortest
    return format(exact, "f")
