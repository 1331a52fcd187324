"""What happens on a trading day, and when; times are shares of the day's length."""

from typing import NamedTuple


class Stretch(NamedTuple):
    """A part of the day.

    Attributes:
        until: Where it ends, as a share of the day.
        first, last: Notifications a second at its beginning and at its end.
    """

    name: str
    until: float
    first: float
    last: float


STRETCHES = (
    Stretch("night", 0.10, 2, 2),
    Stretch("opening, 09:30", 0.15, 400, 400),
    Stretch("morning", 0.35, 120, 60),
    Stretch("noon", 0.50, 5, 5),
    Stretch("afternoon", 0.80, 80, 80),
    Stretch("closing, 15:00", 0.85, 400, 400),
    Stretch("evening", 1.0, 10, 2),
)

DEPLOY_AT = 0.40
"""All workers are replaced, one after the other, in the noon."""
OUTAGE = (0.55, 0.65)
"""Some destinations are away."""
BROKER_AT = 0.70
"""A broker is restarted."""


def rate_at(share: float) -> tuple[str, float]:
    """Return the name of the stretch, and how many notifications a second flow then."""
    begin = 0.0
    for stretch in STRETCHES:
        if share < stretch.until:
            passed = (share - begin) / (stretch.until - begin)
            return stretch.name, stretch.first + passed * (stretch.last - stretch.first)
        begin = stretch.until
    return STRETCHES[-1].name, 0.0
