import socket
from pathlib import Path

import pytest

from app.edges.sockets import bound_hosts


@pytest.mark.parametrize("host", ["127.77.0.1", "0.0.0.0"])
def test_what_is_bound_is_found(host: str) -> None:
    """Whether it listens yet or not."""
    before = list(bound_hosts())
    with socket.socket() as bound:
        bound.bind((host, 0))
        assert sorted(bound_hosts()) == sorted([*before, host])
        bound.listen()
        assert sorted(bound_hosts()) == sorted([*before, host])
    assert sorted(bound_hosts()) == sorted(before)


def test_unix_sockets_that_listen_are_found_by_their_path(tmp_path: Path) -> None:
    """Pairs and clients have no place that others could connect to."""
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
        listening.bind(path)
        assert path not in bound_hosts()
        listening.listen()
        assert path in bound_hosts()
        client.connect(path)
        accepted, _ = listening.accept()
        with accepted:
            assert list(bound_hosts()).count(path) == 1


def test_connections_are_not_doors() -> None:
    """Both ends of a connection are bound, and nobody connects to them."""
    with (
        socket.create_server(("127.77.0.2", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0],
    ):
        assert client.getsockname()
        assert list(bound_hosts()).count("127.77.0.2") == 1
