"""One Apache Kafka broker for tests: its configuration and its process."""

import asyncio
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STOP_TIMEOUT = 30.0
MAIN_CLASS = "kafka.Kafka"
ADVERTISED = re.compile(r"(?m)^(advertised\.listeners=.*?CLIENT://)[^,\n]*")
SETTING = re.compile(r"\t\S+ = ")
FORMAT_CLASS = "kafka.tools.StorageTool"


@dataclass
class Broker:
    """One broker, broker and controller in one process."""

    java: Sequence[str | Path]  # the command up to the main class
    node_id: int  # from 0: its place in the cluster, and its broker id in Kafka
    port: int  # where clients connect
    controller_port: int  # where the cluster's controllers connect
    folder: Path  # configuration, data and log
    _process: subprocess.Popen[bytes] | None = None
    _watchdog: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """Where its records and metadata are."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What it printed, over all its starts."""
        return self.folder / "broker.log"

    @property
    def running(self) -> bool:
        """Whether it was launched and not ended since; a paused broker counts as running."""
        return self._process is not None

    @property
    def exit_status(self) -> int | None:
        """The status of a process that ended by itself, None while it runs."""
        return self._process.poll() if self._process else None

    async def format(self, cluster_id: str, properties: str) -> None:
        """Writes the configuration and prepares the storage.

        Raises:
            subprocess.CalledProcessError: Kafka refuses the configuration; its note has the reason.
        """
        self.folder.mkdir(parents=True)
        self._config.write_text(properties, encoding="utf-8")
        name = f"--cluster-id={cluster_id}"  # by itself, one of 64 would read like a flag: "-…"
        command = [*self.java, FORMAT_CLASS, "format", name, "-c", self._config]
        try:
            await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
        except subprocess.CalledProcessError as error:
            error.add_note(str((error.stdout + error.stderr).decode()))
            raise

    def advertise(self, address: str) -> None:
        """Gives clients this address from the next start on."""
        text = self._config.read_text(encoding="utf-8")
        self._config.write_text(ADVERTISED.sub(rf"\g<1>{address}", text), encoding="utf-8")

    def launch(self) -> None:
        """Starts the process, which does not serve at once.

        Raises:
            ValueError: It is running.
        """
        if self.running:
            raise ValueError(f"broker {self.node_id} is running")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.java, MAIN_CLASS, self._config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it
            )
        self._watchdog = end_with_this_process(self._process.pid)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the running process.

        Raises:
            ValueError: It is not running.
        """
        if self._process is None:
            raise ValueError(f"broker {self.node_id} is not running")
        self._process.send_signal(number)

    async def ended(self) -> None:
        """Waits for the process to end after a signal, and kills it after `STOP_TIMEOUT`."""
        if self._process is None or self._watchdog is None:
            return
        try:
            await asyncio.to_thread(self._process.wait, STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watchdog.kill()  # before its pipe closes
        self._watchdog.communicate()
        self._process = self._watchdog = None

    def log_tail(self, lines: int) -> str:
        """The last lines that it printed, without its many settings."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        telling = [line for line in text.splitlines() if line and not SETTING.match(line)]
        return "\n".join([f"--- {self.log}", *telling[-lines:]])

    @property
    def _config(self) -> Path:
        return self.folder / "server.properties"


def end_with_this_process(pid: int) -> subprocess.Popen[bytes]:
    """Kills `pid` when this process ends, even by SIGKILL: then the watchdog's input ends.

    Kill the watchdog once `pid` has ended by other means.
    """
    return subprocess.Popen(
        ["sh", "-c", 'read -r _; kill -KILL "$0"', str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
