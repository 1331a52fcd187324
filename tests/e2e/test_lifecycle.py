"""Start, stop, signals and settings of the real process."""

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.end_to_end import World
from tests.support.http_server import Answer, HttpServer
from tests.support.service import PATIENCE, ROOT, free_port

pytestmark = pytest.mark.usefixtures("no_inbox")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_and_says_so_even_with_an_open_page(
    world: World, hooks: HttpServer, number: signal.Signals
) -> None:
    """The guide's three lines are printed, what was started arrives, an event stream delays nothing."""
    hooks.behaviour = Answer(200, delay=0.5)
    service = await world.service(
        {"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/slow")}, measured=number == signal.SIGTERM
    )
    async with service.client.stream("GET", "/events") as stream:
        assert stream.status_code == 200
        await service.client.post("/test-notifications?type=alert&count=3")
        await hooks.wait_for(3)
        service.process.send_signal(number)
        await service.printed(f"Received {number.name}, shutting down gracefully...")
        await service.printed("Stopping worker...")
        stopped = await service.printed("Worker stopped successfully in ")
        await asyncio.wait_for(service.process.wait(), 10)
    seconds = float(stopped.removeprefix("Worker stopped successfully in ").removesuffix("s"))
    assert 0.1 < seconds < 5
    assert len(hooks.received) == 3
    assert "Traceback" not in service.log


async def test_a_signal_ends_it_when_nobody_reads_its_reports_any_more(world: World) -> None:
    """Reports come at their interval; a terminal that was closed keeps no worker alive."""
    reports = {"NOTIFIER_REPORT__INTERVAL": "0.2", "NOTIFIER_REPORT__INITIAL_DELAY": "0"}
    service = await world.service({**reports, "NOTIFIER_INBOX": "true"})
    await service.printed("Worker Status Report - ")
    await service.printed("  Status:           RUNNING")
    assert not any("Worker Status Report" in line for line in service.errors)
    await service.hang_up()
    await service.client.post("/test-notifications?type=webhook&count=5&delay=0.1")
    await service.until_stats(lambda got: got["messages_sent"] == 5)
    service.process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(service.process.wait(), 10)


async def test_systemd_is_told_that_it_is_up_and_that_it_stops(
    world: World, tmp_path: Path
) -> None:
    """As a unit of ``Type=notify`` wants it; the status names the state."""
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.setblocking(False)
        systemd.bind(str(address))

        async def hears(word: str) -> list[str]:
            said: list[str] = []
            while word not in said:
                loop = asyncio.get_running_loop()
                heard = await asyncio.wait_for(loop.sock_recv(systemd, 4096), PATIENCE)
                said = heard.decode().splitlines()
            return said

        given = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "200000"}
        service = await world.service(given)
        await hears("READY=1")
        assert await hears("STATUS=RUNNING") == ["WATCHDOG=1", "STATUS=RUNNING"]
        service.process.send_signal(signal.SIGTERM)
        await hears("STOPPING=1")
        await asyncio.wait_for(service.process.wait(), 10)


async def test_a_second_signal_exits_1_at_once(world: World, hooks: HttpServer) -> None:
    """Whoever cannot wait for the drain signals twice."""
    hooks.behaviour = Answer(200, delay=60)
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/slow")})
    await service.client.post("/test-notifications?type=alert&count=1")
    await hooks.wait_for(1)
    service.process.send_signal(signal.SIGTERM)
    await service.printed("Stopping worker...")
    service.process.send_signal(signal.SIGTERM)
    assert await service.ended(seconds=5) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"NOTIFIER_KAFKA__GRUOP_ID": "x"}, "NOTIFIER_KAFKA__GROUP_ID"),
        ({"NOTIFIER_RECIPIENTS_FILE": "/nowhere/people.yaml"}, "/nowhere/people.yaml"),
    ],
)
async def test_a_wrong_setting_stops_the_start_with_one_line(
    world: World, settings: dict[str, str], words: str
) -> None:
    """The line names the setting; there is no traceback."""
    service = await world.service(settings, ready=False)
    assert await service.ended() != 0
    lines = [line for line in service.errors if words in line]
    assert len(lines) == 1, service.log
    assert "Traceback" not in service.log


async def test_stop_start_pause_and_resume_over_http(world: World) -> None:
    """Not started, or stopped on purpose, is healthy; counts survive, nothing is lost meanwhile."""
    settings = {"NOTIFIER_WORKER__AUTOSTART": "false", "NOTIFIER_INBOX": "true"}
    service = await world.service(settings, ready=False)
    client = service.client
    health = await service.until("/health", lambda answer: answer.status_code == 200)
    assert health.json()["status"] == "STOPPED"
    assert (await client.post("/start")).json()["status"] == "RUNNING"
    await service.ready()
    await client.post("/test-notifications?type=webhook&count=2")
    await service.until_stats(lambda got: got["messages_sent"] == 2)
    stopped = await client.post("/stop")
    assert stopped.json()["status"] == "STOPPED"
    health = await client.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "STOPPED")
    assert (await client.get("/health/ready")).status_code == 503
    assert (await client.get("/health/live")).status_code == 200
    await client.post("/test-notifications?type=webhook&count=3")
    started = await client.post("/start")
    assert started.json()["status"] == "RUNNING"
    await service.until_stats(lambda got: got["messages_sent"] == 5)
    assert (await client.post("/pause")).status_code == 200
    assert (await client.post("/test-notifications?type=webhook&count=1")).status_code == 202
    stats = await service.until_stats(lambda got: got["lag"] == 1)
    assert (stats["paused"], stats["messages_sent"]) == (True, 5)
    await client.post("/resume")
    await service.until_stats(lambda got: got["messages_sent"] == 6)


async def test_hangup_reloads_and_keeps_the_old_file_when_the_new_one_is_bad(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SIGHUP is ``POST /reload``; a bad file is refused with its line."""
    people = tmp_path_factory.mktemp("people") / "people.yaml"
    people.write_text("users: {a: {contacts: [{type: email, address: a@example.com}]}}\n")
    service = await world.service({"NOTIFIER_RECIPIENTS_FILE": str(people)}, measured=True)
    assert (await service.client.post("/reload")).json()["users"] == 1
    people.write_text("users:\n  a: {contacts: 5}\n")
    service.process.send_signal(signal.SIGHUP)
    assert "people.yaml:2" in await service.logged("not reloaded")
    assert (await service.client.post("/reload")).status_code == 422


async def test_kafka_away_at_the_start_is_said_and_waited_for(world: World) -> None:
    """Nobody answers at the broker's address: STARTING, a problem, and a clean stop."""
    service = await world.service(
        {"NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}, ready=False
    )
    health = await service.until("/health", lambda answer: answer.status_code == 503)
    assert health.json()["status"] == "STARTING"
    assert "waiting for Kafka" in health.json()["problem"]
    assert (await service.client.get("/health/live")).status_code == 200
    refused = await service.client.post("/test-notifications?count=1")
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    await service.stop()
    assert "Worker stopped successfully" in service.log


def test_import_does_nothing() -> None:
    """Importing the service needs no environment, home or network."""
    subprocess.run(
        [sys.executable, "-c", "import app.main"],
        cwd=ROOT,
        env={},
        check=True,
        timeout=60,
    )
