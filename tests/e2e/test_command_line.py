"""The commands, as processes: what they print, and how they end."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from app.start import command as start
from tests.support.commands import entry, run, run_here
from tests.support.end_to_end import World
from tests.support.http_server import Answer, HttpServer
from tests.support.service import clean_environment, free_port


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_worker_command_serves_reports_and_stops_with_0(
    world: World, tmp_path: Path, number: signal.Signals
) -> None:
    """The guide's flags, report, lines and exit status."""
    port = free_port()
    service = await world.service(
        command=entry(
            "start_worker",
            "--group-id",
            "guide_group",
            "--auto-offset",
            "latest",
            "--status-interval",
            "1",
            "--initial-delay",
            "0",
            "--http",
            f"127.0.0.1:{port}",
            "--debug",
        ),
        ready=False,
        measured=number == signal.SIGTERM,
    )
    service.client.base_url = f"http://127.0.0.1:{port}"
    await service.ready()
    await service.printed("  Group ID:         guide_group")
    sent = await run(
        tmp_path,
        {},
        "send_test",
        "--count",
        "3",
        "--delay",
        "0",
        "--url",
        f"http://127.0.0.1:{port}",
    )
    assert sent[0] == 0, sent
    assert "Succeeded:  3" in sent[1]
    await service.until_stats(lambda got: got["messages_sent"] == 3)
    status = await run_here(tmp_path, {}, "status", "--url", f"http://127.0.0.1:{port}")
    assert status[0] == 0
    assert "Messages Sent:        3" in status[1]
    assert await service.stop(number) == 0
    said = "\n".join(service.output)
    assert f"Received {number.name}, shutting down gracefully..." in said
    assert "Stopping worker..." in said
    assert "Worker stopped successfully in " in said
    assert "Traceback" not in service.log


def test_a_worker_ends_with_the_terminal_that_it_was_started_in(tmp_path: Path) -> None:
    """Closing the window is no reload: it drains, and exits with 0."""
    keyboard, screen = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    worker = subprocess.Popen(
        [sys.executable, *entry("start_worker", "--http", f"127.0.0.1:{free_port()}")],
        cwd=tmp_path,
        env=clean_environment(tmp_path, {}),
        stdin=screen,
        stdout=screen,
        stderr=screen,
        preexec_fn=take_terminal,  # noqa: PLW1509 - nothing else runs in this test
    )
    os.close(screen)
    try:
        said = b""
        while b"running: group" not in said:
            said += os.read(keyboard, 65_536)
        os.close(keyboard)
        assert worker.wait(timeout=30) == 0
    finally:
        worker.kill()
        worker.wait()


async def test_a_taken_port_and_a_wrong_setting_exit_1_with_one_line(
    tmp_path: Path, hooks: HttpServer
) -> None:
    """Nothing starts, and the line says why."""
    taken = await run(tmp_path, {}, "start_worker", "--http", f"127.0.0.1:{hooks.port}")
    assert taken[0] == 1
    assert str(hooks.port) in taken[2]
    unusable = {"NOTIFIER_WEBHOOK__TIMEOUT": "soon"}
    wrong = await run_here(tmp_path, unusable, command=start)
    assert wrong[0] == 1
    assert "NOTIFIER_WEBHOOK__TIMEOUT" in wrong[2]
    embedded = await run_here(tmp_path, {}, "--no-http", command=start)
    assert embedded[0] == 1
    assert "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS" in embedded[2]
    for _, _, errors in (taken, wrong, embedded):
        assert "Traceback" not in errors
    version = await run_here(tmp_path, {}, "--version", command=start)
    assert version[0] == 0


async def test_without_http_it_waits_for_kafka_and_stops_with_0(world: World) -> None:
    """No control plane; Kafka away is said; a signal still ends it well."""
    service = await world.service(
        {"NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"},
        command=entry("start_worker", "--no-http"),
        ready=False,
        measured=True,
    )
    await service.logged("waiting for Kafka")
    assert await service.stop(signal.SIGTERM) == 0
    assert "Worker stopped successfully" in service.log


async def test_the_sender_says_what_is_wrong(tmp_path: Path) -> None:
    """Nobody at the service's or the broker's address: exit 1 and what to do."""
    nobody = f"http://127.0.0.1:{free_port()}"
    absent = await run(tmp_path, {}, "send_test", "--url", nobody, "--count", "1")
    assert absent[0] == 1
    assert "start-notification-worker" in absent[2]
    broker = {"NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}
    unreachable = await run(tmp_path, broker, "send_test", "--count", "1", "--delay", "0")
    assert unreachable[0] == 1
    assert "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS" in unreachable[2]
    status = await run_here(tmp_path, {}, "status", "--url", nobody)
    assert status[0] == 1


async def test_the_sender_writes_straight_to_kafka(world: World, tmp_path: Path) -> None:
    """With a broker named it publishes there; the embedded one speaks the real protocol."""
    service = await world.service()
    broker = {
        **world.settings,
        "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": (await service.stats())["broker"],
        "NOTIFIER_KAFKA__TOPICS": world.topic,
    }
    sent = await run(
        tmp_path,
        broker,
        "send_test",
        "--type",
        "trading",
        "--count",
        "2",
        "--delay",
        "0",
        measured=True,
    )
    assert sent[0] == 0, sent
    await service.until_stats(lambda got: got["messages_sent"] == 2)


async def test_the_doctor_names_every_fault_and_masks_secrets(
    world: World, tmp_path: Path, hooks: HttpServer
) -> None:
    """Settings with their sources, then one line a check; exit 1 on any fault."""
    service = await world.service()
    settings = {
        "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": (await service.stats())["broker"],
        "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/secret-path-of-a-hook"),
        "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        "NOTIFIER_EMAIL__HOST": "127.0.0.1",
        "NOTIFIER_EMAIL__PORT": str(free_port()),
        "NOTIFIER_EMAIL__FROM_ADDRESS": "a@example.com",
    }
    status, out, err = await run(tmp_path, settings, "notifier", "doctor", measured=True)
    assert status == 1
    assert "secret-path-of-a-hook" not in out + err
    assert "NOTIFIER_EMAIL__PORT" in out
    assert "environment" in out
    assert "FAIL" in out
    assert "Traceback" not in err
    embedded = await run_here(tmp_path, {}, "doctor")
    assert "embedded" in embedded[1]
    nowhere = {"NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}
    absent = await run_here(tmp_path, nowhere, "doctor")
    assert absent[0] == 1


async def test_dead_letters_are_listed_shown_and_replayed(
    world: World, tmp_path: Path, hooks: HttpServer
) -> None:
    """What a destination refused is sent again once it takes it, and marked."""
    hooks.behaviour = Answer(400)
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")})
    await service.client.post("/test-notifications?type=trading&count=3")
    await service.until_stats(lambda got: got["messages_dead_lettered"] == 3)

    async def dead_letters(*arguments: str) -> tuple[int, str, str]:
        given = ("dead-letters", *arguments, "--url", service.url)
        return await run_here(tmp_path, {}, *given)

    status, listed, _ = await dead_letters("list", "--reason", "rejected")
    assert status == 0
    _, *rows = listed.splitlines()
    assert len(rows) == 3
    identity = rows[0].split()[0]
    status, shown, _ = await dead_letters("show", identity)
    assert status == 0
    assert '  "content": "📈' in shown
    hooks.behaviour = Answer(204)
    status, done, err = await dead_letters("replay", identity)
    assert (status, done.splitlines()[-1]) == (0, "1 of 1 sent again."), err
    await service.until_stats(lambda got: got["messages_sent"] == 1)
    assert "1 replayed before" in (await dead_letters("replay", identity))[1]
    status, done, err = await dead_letters("replay", "--all", "--rate", "100")
    assert (status, done.splitlines()[-1]) == (0, "2 of 2 sent again."), err
    await service.until_stats(lambda got: got["messages_sent"] == 3)
    _, listed, _ = await dead_letters("list")
    assert "rejected  -" not in listed
    status, _, err = await dead_letters("replay", "--all")
    assert (status, err) == (1, "Error: There is nothing to send again.\n")


async def test_one_notification_is_sent_from_the_command_line(
    world: World, tmp_path: Path, hooks: HttpServer
) -> None:
    """Text or template, with what decorates it; what is left out is said."""
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")})

    async def send(*arguments: str) -> tuple[int, str, str]:
        return await run_here(tmp_path, {}, "send", *arguments, "--url", service.url)

    status, message_id, err = await send(
        "disk full", "--title", "host-7", "--color", "no colour", "--field", "disk=sda"
    )
    assert status == 0, err
    assert message_id.strip()
    assert "color" in err
    await service.until_stats(lambda got: got["messages_sent"] == 1)
    sent = hooks.received[0].json["data"]
    assert (sent["content"], sent["title"]) == ("disk full", "host-7")
    assert sent["fields"] == [{"name": "disk", "value": "sda"}]
    status, told, _ = await send("waited for", "--wait")
    assert (status, "SENT" in told) == (0, True)
    status, told, _ = await send("refused", "--to", "https://10.0.0.1/x", "--wait")
    assert (status, "FAILED" in told, "not a public address" in told) == (1, True, True)
    status, _, err = await send("x", "--user", "nobody")
    assert (status, "nobody" in err) == (1, True)
