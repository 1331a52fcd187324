import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.kafka_broker import Broker
from tests.support.kafka_cluster import until

# Stands for Java: a process that says its arguments and stays, as long as it is let.
STAYS = ("sh", "-c", 'echo "started $@"; exec sleep 600', "java")
# A test session that starts a broker, pauses it when told to, and does not end.
SESSION = """
import signal, sys
from pathlib import Path
from tests.support.kafka_broker import Broker
pipe, folder = sys.argv[1:]
broker = Broker(("sh", "-c", f"exec 3> {pipe}; exec sleep 600"), 0, 1, 2, Path(folder))
broker.launch()
input()
broker.signal(signal.SIGSTOP)
print("paused", flush=True)
input()
"""


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    """A broker that was not started."""
    return Broker(STAYS, node_id=0, port=1, controller_port=2, folder=tmp_path)


async def test_a_signal_ends_it_and_it_starts_again(broker: Broker) -> None:
    """It runs from launch until it has ended, and can be launched again."""
    for _ in range(2):
        broker.launch()
        assert broker.running
        broker.signal(signal.SIGTERM)
        await broker.ended()
        assert not broker.running


async def test_a_paused_one_can_be_killed(broker: Broker) -> None:
    """SIGKILL ends a process that hangs."""
    broker.launch()
    broker.signal(signal.SIGSTOP)
    broker.signal(signal.SIGKILL)
    await broker.ended()
    assert not broker.running


async def test_one_that_ignores_the_signal_is_killed(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop does not wait for ever."""
    monkeypatch.setattr("tests.support.kafka_broker.STOP_TIMEOUT", 0.1)
    broker.launch()
    await broker.ended()
    assert not broker.running


async def test_its_log_is_kept(tmp_path: Path) -> None:
    """What it printed last, over all its starts, can be shown, without its settings."""
    script = 'printf "\\tnode.id = 0\\n\\n"; echo "$@"'
    broker = Broker(("sh", "-c", script, "java", "Kafka says"), 0, 1, 2, tmp_path)
    assert broker.log_tail(1) == f"--- {broker.log}"
    for _ in range(2):
        broker.launch()
        await broker.ended()
    line = f"Kafka says kafka.Kafka {tmp_path / 'server.properties'}"
    assert broker.log_tail(5).splitlines() == [f"--- {broker.log}", line, line]


async def test_its_end_is_seen(tmp_path: Path) -> None:
    """A process that ends by itself shows its exit status."""
    broker = Broker(("sh", "-c", "exit 3"), 0, 1, 2, tmp_path)
    statuses = [broker.exit_status]
    broker.launch()

    async def over() -> bool:
        return broker.exit_status is not None

    await until(over, "its end")
    statuses.append(broker.exit_status)
    await broker.ended()
    assert statuses == [None, 3]


async def test_two_starts_and_a_signal_to_nothing_are_refused(broker: Broker) -> None:
    """Launching twice, or signalling what is down, is a mistake of the test."""
    with pytest.raises(ValueError, match="broker 0 is not running"):
        broker.signal(signal.SIGTERM)
    broker.launch()
    with pytest.raises(ValueError, match="broker 0 is running"):
        broker.launch()
    broker.signal(signal.SIGKILL)
    await broker.ended()


async def test_a_configuration_that_kafka_refuses_says_why(tmp_path: Path) -> None:
    """When the storage cannot be formatted, the error carries what Kafka printed."""
    broker = Broker(("sh", "-c", "echo wrong setting; exit 1"), 0, 1, 2, tmp_path / "broker")
    with pytest.raises(subprocess.CalledProcessError) as raised:
        await broker.format("id", "node.id=x\n")
    assert raised.value.__notes__ == ["wrong setting\n"]


def test_it_ends_with_a_test_session_that_is_killed(tmp_path: Path) -> None:
    """A session killed by SIGKILL takes its brokers along, even one that hangs."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command: list[str | Path] = [sys.executable, "-c", SESSION, pipe, tmp_path]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session,
        pipe.open("rb") as held,  # opens when the broker opens its end, ends when the broker does
    ):
        assert session.stdin
        assert session.stdout
        session.stdin.write(b"\n")
        session.stdin.flush()
        assert session.stdout.readline() == b"paused\n"
        session.kill()
        assert held.read() == b""
