"""``python -m tests.bounds.service PORT SOCKET``: the service as ``uvicorn`` runs it, measured.

Whoever connects to the socket and writes ``steps`` or ``memory`` is told what was measured.
"""

import asyncio
import json
import sys
from functools import partial

import uvicorn
import uvloop

from app.main import create_app
from tests.bounds.meter import LoopMeter, memory_bytes, open_files


async def _run(port: int, socket: str) -> None:
    config = uvicorn.Config(create_app(), port=port, access_log=False)
    answer = partial(_answer, LoopMeter())
    async with await asyncio.start_unix_server(answer, socket):
        await uvicorn.Server(config).serve()


async def _answer(
    meter: LoopMeter, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while line := await reader.readline():
        match line.strip():
            case b"steps":
                said = meter.report()
            case b"memory":
                said = {"bytes": memory_bytes(), "files": open_files()}
                meter.reset()
            case _:
                raise ValueError(line)
        writer.write(json.dumps(said).encode() + b"\n")
    writer.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(int(sys.argv[1]), sys.argv[2]))
