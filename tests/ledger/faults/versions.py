"""Workers of two versions in one group."""

import asyncio
import signal
from collections.abc import Mapping

from tests.ledger.flow import DESTINATIONS
from tests.ledger.recorder import Mood
from tests.ledger.run import Run
from tests.support.previous import PREVIOUS, unpack_previous

MIXED_SECONDS = 6.0
NOT_FOUND = 404  # the version before had no /rates


async def rolled_back_and_upgraded(run: Run) -> None:
    """Each worker is replaced by one of the version before, one by one, and then back again.

    While both are there, some destinations fail: what one version puts aside, the other sends. The
    version before ignores commit metadata with a topic's id, and repeats what was settled above.
    """
    older = await asyncio.to_thread(unpack_previous, run.folder / PREVIOUS)
    async with run.window():
        for settings in (older, {}):
            for _ in range(len(run.workers)):
                await _replace_one(run, settings)
                failing = run.chance.sample(range(DESTINATIONS), 2)
                run.recorder.moods |= {f"/{each}": Mood.FAILING for each in failing}
                await asyncio.sleep(MIXED_SECONDS)
                run.recorder.heal()


async def _replace_one(run: Run, settings: Mapping[str, str]) -> None:
    await run.end_worker(run.workers[0], signal.SIGTERM)
    worker = await run.start_worker(settings=settings)
    is_older = (await worker.client.get("/rates")).status_code == NOT_FOUND
    if is_older != bool(settings):
        run.surprises.append("a worker is not of the version that was meant")
    await run.balanced()
