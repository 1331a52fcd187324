"""The replay of dead letters on the page: the choice, and the plan."""

import asyncio
import logging

import msgspec

from app.faces.ports import ReplayPort
from app.policies.service.replaying import read_place
from app.values.errors import NotifierError
from app.values.outcome import Reason
from app.values.replay import Replay, Selection

logger = logging.getLogger(__name__)

ALL = "all"
PATIENCE = 5.0
"""Seconds that a page waits for a plan, for which the whole topic is read."""


class Plan(msgspec.Struct, frozen=True):
    """The plan of a replay.

    Attributes:
        choice: As in ``read_choice``.
        replay: None if Kafka could not be read.
    """

    choice: str
    replay: Replay | None

    @property
    def described(self) -> str:
        """Describe the choice in words; ``static/dead_letters.js`` has the same."""
        if self.choice == ALL:
            return "all dead letters"
        return (
            f"dead letter {self.choice}"
            if "/" in self.choice
            else f"all with the reason {self.choice}"
        )


def read_choice(choice: str) -> Selection | None:
    """Return the choice, or None if nothing is chosen.

    Args:
        choice: The id of a dead letter, a reason, or ``all``.
    """
    if choice == ALL:
        return Selection()
    if (place := read_place(choice)) is not None:
        return Selection(places=frozenset({place}))
    return Selection(reason=Reason(choice)) if choice in set(Reason) else None


async def plan(replayer: ReplayPort, choice: str, patience: float = PATIENCE) -> Plan | None:
    """Return the plan of a replay, or None if nothing is chosen."""
    selection = read_choice(choice)
    if selection is None:
        return None
    try:
        async with asyncio.timeout(patience):
            return Plan(choice, await replayer.plan(selection))
    except (NotifierError, TimeoutError) as error:
        logger.warning("the page cannot plan a replay: %r", error)
        return Plan(choice, None)
