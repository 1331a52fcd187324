"""Who reaches the control plane of the real process, and who does not."""

import socket

import pytest

from tests.support.end_to_end import World
from tests.support.http_server import HttpServer
from tests.support.service import UVICORN, free_port

PRODUCTION = {
    "NOTIFIER_ENVIRONMENT": "production",
    "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
}
AN_OPEN_SOCKET = """
import os, socket, sys
s = socket.create_server(("0.0.0.0", 0))
os.set_inheritable(s.fileno(), True)
os.execv(sys.executable, [sys.executable, "-m", "uvicorn", "app.main:app", "--fd", str(s.fileno())])
"""


def own_address() -> str:
    """Return an address of this machine; that of the way out, where there is one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


async def test_no_webhook_reaches_the_control_plane(world: World, hooks: HttpServer) -> None:
    """However its address is written, and although every network is allowed; others are reached."""
    everything = '["0.0.0.0/0", "::/0"]'
    settings = {"NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": everything}
    port = free_port()
    command = ("-m", *UVICORN[:2], "--host", "0.0.0.0", "--port", str(port))
    service = await world.service(settings, command=command, ready=False)
    service.client.base_url = f"http://127.0.0.1:{port}"
    hosts = [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "127.0.0.2",
        "[::ffff:127.0.0.1]",
        socket.gethostname(),
        own_address(),
    ]
    await service.ready()
    for host in hosts:
        await service.client.post("/notifications", json=_to(f"http://{host}:{port}/stop"))
    await service.client.post("/notifications", json=_to(hooks.url("/in")))
    await hooks.wait_for(1)
    stats = await service.until_stats(lambda got: got["messages_failed"] == len(hosts))
    assert stats["status"] == "RUNNING"
    found = (await service.client.get("/deliveries?status=rejected")).json()["deliveries"]
    assert len(found) == len(hosts)
    assert all("this service's own control plane" in each["error"] for each in found)


def _to(url: str) -> dict[str, object]:
    return {"content": "x", "channels": ["webhook"], "kwargs": {"webhook_url": url}}


@pytest.mark.parametrize(
    "command",
    [
        ("-m", *UVICORN[:2], "--host", "0.0.0.0", "--port", "0"),
        ("-m", *UVICORN[:2], "--host", "::", "--port", "0", "--workers", "2"),
        ("-m", *UVICORN[:2], "--uds", "notifier.socket"),
        ("-c", AN_OPEN_SOCKET),
        (
            "-c",
            "from app.start import main; main()",
            "--http",
            "0.0.0.0:0",
        ),
    ],
    ids=["uvicorn", "workers", "unix socket", "inherited", "command"],
)
async def test_production_is_not_opened_without_a_key(
    world: World, command: tuple[str, ...]
) -> None:
    """Whatever starts it, it says in one line which setting is missing."""
    service = await world.service(PRODUCTION, command=command, ready=False)
    await service.logged("NOTIFIER_API_KEYS: is empty, and production does not open its control")
    assert "Traceback" not in service.log


async def test_no_webhook_reaches_another_workers_control_plane(world: World) -> None:
    """It is known there by what it calls itself, and refused for good."""
    sender, other = await world.service(), await world.service()
    await sender.client.post("/notifications", json=_to(f"{other.url}/stop"))
    await sender.until_stats(lambda got: got["messages_failed"] == 1)
    assert (await other.stats())["status"] == "RUNNING"
    (made,) = (await sender.client.get("/deliveries")).json()["deliveries"]
    assert made["error"].startswith("HTTP 421: ")
