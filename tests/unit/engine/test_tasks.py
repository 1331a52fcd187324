"""Background tasks end in the order in which they were started."""

import asyncio

from app.engine.tasks import Tasks


async def test_tasks_are_cancelled_the_oldest_first() -> None:
    """What a seed makes of a simulation must not depend on where tasks lie in memory."""
    ended: list[int] = []

    async def wait(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    tasks = Tasks(on_failure=lambda _: None)
    for number in range(50):
        tasks.spawn(wait(number), f"task {number}")
    await asyncio.sleep(0)
    await tasks.cancel()
    assert ended == list(range(50))
    assert len(tasks) == 0
