"""The server that serves the application."""

import asyncio
import signal
import socket

import pytest
import uvicorn

from app.server import check_open, listening_at, serving_uvicorn
from app.settings.models import Settings
from app.values.errors import SettingsError

PRODUCTION = Settings.model_validate(
    {"environment": "production", "kafka": {"bootstrap_servers": "kafka:9092"}}
)


def uvicorn_with(**options: object) -> uvicorn.Server:
    """Return a server that does not run."""
    return uvicorn.Server(uvicorn.Config("app.main:app", log_config=None, **options))  # type: ignore[arg-type]


def test_uvicorn_is_known_by_its_signal_handler() -> None:
    """It has one while it runs in the main thread; another program has none."""
    assert serving_uvicorn() is None
    server = uvicorn_with()
    with server.capture_signals():
        assert serving_uvicorn() is server
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


async def test_where_it_listens() -> None:
    """Nowhere before it has started; then at each of its sockets that is no Unix socket."""
    server = uvicorn_with()
    assert list(listening_at(server)) == []
    async with await asyncio.start_server(lambda _r, _w: None, "127.0.0.1") as listening:
        server.servers = [listening]
        ((host, port),) = listening_at(server)
        assert (host, port) == listening.sockets[0].getsockname()


@pytest.mark.parametrize("options", [{"host": "0.0.0.0"}, {"host": ""}, {"uds": "/run/notifier"}])
def test_production_is_refused_by_what_uvicorn_is_going_to_do(options: dict[str, str]) -> None:
    """It binds its sockets only after the application has started."""
    with pytest.raises(SettingsError, match="NOTIFIER_API_KEYS"):
        check_open(PRODUCTION, uvicorn_with(**options))
    check_open(Settings(), uvicorn_with(**options))


def test_production_is_refused_by_what_is_bound_already() -> None:
    """gunicorn, several workers of uvicorn, or systemd have bound what is served."""
    check_open(PRODUCTION, uvicorn_with())
    check_open(PRODUCTION, None)
    with socket.socket() as bound:
        bound.bind(("0.0.0.0", 0))
        with pytest.raises(SettingsError, match=r"to other machines \(0\.0\.0\.0\)"):
            check_open(PRODUCTION, uvicorn_with())
