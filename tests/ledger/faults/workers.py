"""What happens to workers."""

import asyncio
import os
import signal
from pathlib import Path

from tests.ledger.flow import DESTINATIONS
from tests.ledger.recorder import Mood
from tests.ledger.run import Run

SUPPORT = Path(__file__).parents[2] / "support"
TIMES = 3
SESSION_TIMEOUT = 10.0


async def _stop_in_rotation(run: Run, number: signal.Signals) -> None:
    for _ in range(TIMES):
        await asyncio.sleep(run.chance.uniform(1, 3))
        async with run.window():
            await run.end_worker(run.chance.choice(run.workers), number)
            await run.start_worker()


async def terminated(run: Run) -> None:
    """Workers are stopped with SIGTERM, one after the other, and replaced."""
    await _stop_in_rotation(run, signal.SIGTERM)


async def killed(run: Run) -> None:
    """Workers are killed, one after the other, and replaced."""
    await _stop_in_rotation(run, signal.SIGKILL)


async def frozen(run: Run) -> None:
    """A worker stands still for longer than its session lasts, and goes on."""
    await asyncio.sleep(2)
    worker = run.chance.choice(run.workers)
    async with run.window():
        worker.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(SESSION_TIMEOUT + 4)
        worker.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(3)


async def joined_and_left(run: Run) -> None:
    """Workers come and go, several at once."""
    await asyncio.sleep(1)
    async with run.window():
        for _ in range(TIMES):
            come = [run.start_worker(ready=False) for _ in range(run.chance.randint(1, 2))]
            await asyncio.gather(*come)
            await asyncio.sleep(run.chance.uniform(0.5, 2.5))
            leavers = run.chance.sample(run.workers, len(come))
            await asyncio.gather(*(run.end_worker(one, signal.SIGTERM) for one in leavers))


async def clocks_apart(run: Run) -> None:
    """One worker's clock is an hour ahead, another's an hour behind, while much is put aside."""
    async with run.window():
        for ahead in (3600, -3600):
            await run.end_worker(run.chance.choice(run.workers), signal.SIGTERM)
            await run.start_worker(settings=_clock(ahead))
    async with run.window(excuses=False):
        for destination in run.chance.sample(range(DESTINATIONS), 2):
            run.recorder.moods[f"/{destination}"] = Mood.FAILING
        await asyncio.sleep(15)
        run.recorder.heal()
        for way in ("ahead of", "behind"):
            await run.expect_said("this machine's clock is", f"s {way} the brokers'")


def _clock(ahead: float) -> dict[str, str]:
    folders = (SUPPORT / "wrong_clock", SUPPORT.parents[1])
    return {"SECONDS_AHEAD": str(ahead), "PYTHONPATH": os.pathsep.join(map(str, folders))}


async def workers_in_short(run: Run) -> None:
    """One is killed, one stopped, one stands still for too long, one comes."""
    await asyncio.sleep(2)
    async with run.window():
        await run.end_worker(run.chance.choice(run.workers), signal.SIGKILL)
        await run.start_worker()
    async with run.window():
        await run.end_worker(run.chance.choice(run.workers), signal.SIGTERM)
        await run.start_worker()
    await frozen(run)
