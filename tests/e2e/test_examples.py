"""The producer of docs/examples, run as it stands there."""

import asyncio
import sys
from pathlib import Path

from tests.support.end_to_end import World
from tests.support.http_server import HttpServer
from tests.support.service import PATIENCE

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


async def run(*command: str) -> str:
    """Run an example to its end, and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(PATIENCE):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_the_python_producer(world: World, hooks: HttpServer) -> None:
    """What it publishes arrives, with its title and its fields."""
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")})
    brokers = world.bootstrap or (await service.stats())["broker"]
    said = await run(
        sys.executable, str(EXAMPLES / "producer.py"), brokers, 'AAPL "broke" out – 突破'
    )
    assert "published to notifications" in said
    (request,) = await hooks.wait_for(1)
    assert request.json["data"]["content"] == 'AAPL "broke" out – 突破'
    assert request.json["data"]["title"] == "Signal"
