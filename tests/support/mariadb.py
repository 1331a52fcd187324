"""A real MariaDB from Debian's package, on loopback, with a folder of its own."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pymysql

from tests.support.service import free_port
from tests.support.tools import Tools

READY_TIMEOUT = 60.0
POLL_INTERVAL = 0.05
USER, PASSWORD, DATABASE = "ginkgoadm", "p@ss/word", "ginkgo"


@asynccontextmanager
async def mariadb(folder: Path) -> AsyncIterator[int]:
    """Runs a server with an empty database and one user, and yields its port."""
    server = Tools.here().program("mariadbd", "mariadb-server")
    install = Tools.here().program("mariadb-install-db", "mariadb-server")
    data = folder / "data"
    options = ("--no-defaults", "--skip-test-db", "--user=root")
    await asyncio.to_thread(
        subprocess.run,
        [
            str(install),
            *options,
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
    )
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        str(server),
        "--no-defaults",
        "--user=root",
        f"--datadir={data}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder / 's'}",
        "--innodb-buffer-pool-size=8M",
        "--skip-log-bin",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(READY_TIMEOUT):
            while not await asyncio.to_thread(_prepared, port):
                assert process.returncode is None, f"MariaDB ended: {process.returncode}"
                await asyncio.sleep(POLL_INTERVAL)
        yield port
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


def _prepared(port: int) -> bool:
    with suppress(pymysql.MySQLError):
        with (
            pymysql.connect(host="127.0.0.1", port=port, user="root") as root,
            root.cursor() as cursor,
        ):
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4")
            cursor.execute(f"CREATE USER IF NOT EXISTS {USER} IDENTIFIED BY %s", (PASSWORD,))
            cursor.execute(f"GRANT SELECT, INSERT, CREATE ON {DATABASE}.* TO {USER}")
        return True
    return False
