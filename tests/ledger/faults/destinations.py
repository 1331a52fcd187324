"""What destinations do."""

import asyncio

from tests.ledger.flow import DESTINATIONS
from tests.ledger.recorder import Mood
from tests.ledger.run import Fault, Run


def moody(seconds: float, *moods: Mood) -> Fault:
    """Return the fault that some destinations are in these moods for a while.

    Each mood has one of its own, or two if they are few. Being asked twice is excused only if the
    destination knows that its answer cannot have been heard.
    """

    async def fault(run: Run) -> None:
        await asyncio.sleep(1)
        share = 2 if len(moods) <= 2 else 1
        ill = run.chance.sample(range(DESTINATIONS), share * len(moods))
        async with run.window(excuses=False):
            for destination, mood in zip(ill, moods * share, strict=True):
                run.recorder.moods[f"/{destination}"] = mood
            await asyncio.sleep(seconds)
            run.recorder.heal()

    return fault


async def destinations_in_short(run: Run) -> None:
    """Four of eight are ill at once, each in its own way."""
    await asyncio.sleep(1)
    async with run.window():
        ill = run.chance.sample(range(DESTINATIONS), 4)
        moods = (Mood.HUNG, Mood.RESETTING, Mood.LIMITING, Mood.FAILING)
        for destination, mood in zip(ill, moods, strict=True):
            run.recorder.moods[f"/{destination}"] = mood
        await asyncio.sleep(12)
        run.recorder.heal()
