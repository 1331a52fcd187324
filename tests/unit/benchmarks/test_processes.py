import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.benchmarks.cores import Cores
from tests.benchmarks.processes import Process, core_seconds, cpu_seconds, memory, precise_seconds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is measured through /proc")

# Uses a processor and memory, and so does a child of its own; each says when it has.
BUSY = """
import os, subprocess, sys, time
script, pipe, *more = sys.argv
if more:
    subprocess.Popen([sys.executable, script, pipe], pass_fds=[int(pipe)])
block = b"x" * 30_000_000
while time.process_time() < 0.2:
    pass
os.write(int(pipe), b"1")
time.sleep(60)
"""


def start(folder: Path, *arguments: str, keep: int | None = None) -> Process:
    """Start Python with a script's arguments."""
    cores = Cores.here()
    command = [sys.executable, *arguments]
    return Process(command, cores=cores, on=cores.worker, log=folder / "log", keep=keep)


async def test_a_process_is_measured_with_its_children(tmp_path: Path) -> None:
    """Processor time and memory are those of the whole family."""
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    reader, writer = os.pipe()
    process = start(tmp_path, str(script), str(writer), "child", keep=writer)
    os.close(writer)
    try:
        for _ in range(2):
            assert await asyncio.to_thread(os.read, reader, 1)
        assert 0.35 <= process.cpu_seconds() < 10
        assert 0.35 <= process.precise_seconds() < 10
        assert 60_000_000 < process.memory() < 500_000_000
        assert core_seconds(Cores.here().workers) >= 0.35
    finally:
        assert await process.stop() < 0
        os.close(reader)


async def test_a_process_that_ended_costs_nothing_more(tmp_path: Path) -> None:
    """Its status and its last words stay, and asking what it uses is no error."""
    process = start(tmp_path, "-c", "for n in range(99): print('line', n)")
    await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process.ended == await process.stop() == 0
    used = cpu_seconds(process.pid), precise_seconds(process.pid), memory(process.pid)
    assert not any(used)
    first, *rest = process.tail.splitlines()
    assert first == f"--- {tmp_path / 'log'}"
    assert rest == [f"line {n}" for n in range(84, 99)]


@pytest.mark.parametrize("pid", [0, 2**22 + 1])
def test_no_such_process(pid: int) -> None:
    """There is nothing to measure."""
    assert (cpu_seconds(pid), memory(pid)) == (0, 0)


async def test_what_is_paused_uses_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    """Others take their turns meanwhile."""
    process = start(tmp_path, "-c", "while True: pass")
    try:
        process.pause()
        await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        used = process.precise_seconds()
        assert process.precise_seconds() == used
        process.resume()
        while process.precise_seconds() <= used:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    finally:
        assert await process.stop() < 0
