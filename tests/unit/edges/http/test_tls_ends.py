"""How conversations over TLS end, politely or not."""

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme

from app.edges.http.port import HttpConnectionError
from tests.support.http_client import client, post_over
from tests.support.tls import serving, trusting

OK = b"HTTP/1.1 200 OK\r\n"
SHORT = OK + b"Content-Length: 2\r\n\r\nok"
GARBAGE = b"\x17\x03\x03\x00\x20" + b"\xaa" * 32
FATAL_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"


@contextmanager
def tls_server(
    context: ssl.SSLContext, end: Callable[[ssl.SSLSocket], None]
) -> Iterator[tuple[str, threading.Semaphore]]:
    """Serve in a thread: the first connection ends as told, the others are answered.

    Yields:
        The URL, and what is released when the first connection has ended.
    """
    ended = threading.Semaphore(0)

    def serve() -> None:
        with suppress(OSError):  # the listener was shut down
            end_of = end
            while True:
                accepted, _ = listener.accept()
                accepted.settimeout(5)
                with context.wrap_socket(accepted, server_side=True) as connection:
                    connection.recv(65536)
                    end_of(connection)
                ended.release()
                end_of = answer

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, name="TLS server")
        thread.start()
        try:
            yield f"https://hooks.example:{listener.getsockname()[1]}/", ended
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer(connection: ssl.SSLSocket) -> None:
    """Answer, and go without saying good-bye."""
    connection.sendall(SHORT)


def nothing(_: ssl.SSLSocket) -> None:
    """Go without a word."""


def say_good_bye(connection: ssl.SSLSocket) -> None:
    """Go with just a close_notify."""
    with suppress(OSError):
        connection.unwrap()


def answer_and_say_good_bye(connection: ssl.SSLSocket) -> None:
    """Answer and go as one should."""
    connection.sendall(SHORT)
    with suppress(OSError):
        connection.unwrap()


def answer_until_the_end(connection: ssl.SSLSocket) -> None:
    """Answer without a length, and go."""
    connection.sendall(OK + b"\r\nok")


def half_an_answer(connection: ssl.SSLSocket) -> None:
    """Go before the body is complete."""
    connection.sendall(OK + b"Content-Length: 9\r\n\r\nok")


def broken_record(connection: ssl.SSLSocket) -> None:
    """Send what cannot be decrypted."""
    os.write(connection.fileno(), GARBAGE)


def fatal_alert(connection: ssl.SSLSocket) -> None:
    """Send an alert in the clear."""
    os.write(connection.fileno(), FATAL_ALERT)


def plain_answer(connection: ssl.SSLSocket) -> None:
    """Answer in the clear."""
    os.write(connection.fileno(), SHORT)


def answer_and_garbage(connection: ssl.SSLSocket) -> None:
    """Answer, and send what cannot be decrypted."""
    connection.sendall(SHORT)
    os.write(connection.fileno(), GARBAGE)


def begin_and_garbage(connection: ssl.SSLSocket) -> None:
    """Begin to answer, and send what cannot be decrypted."""
    connection.sendall(OK + b"Content-Length: 9\r\n\r\nok")
    os.write(connection.fileno(), GARBAGE)


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of a client and of a server that it trusts."""
    authority = trustme.CA()
    return trusting(authority), serving(authority)


@pytest.mark.parametrize(
    "end",
    [
        answer,
        answer_and_say_good_bye,
        answer_until_the_end,
        half_an_answer,
    ],
)
async def test_the_status_stands(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], end: Callable[[ssl.SSLSocket], None]
) -> None:
    """However the connection ends after it, and the next request has a connection of its own."""
    trusting, serving = contexts
    async with client(tls_context=trusting) as http:
        with tls_server(serving, end) as (url, ended):
            got = await post_over(http, url, b"{}", {}, 5.0)
            assert (got.status, got.body) == (200, b"ok")
            await asyncio.to_thread(ended.acquire, timeout=5)
            assert (await post_over(http, url, b"{}", {}, 5.0)).body == b"ok"


@pytest.mark.parametrize("end", [nothing, say_good_bye, broken_record, fatal_alert, plain_answer])
async def test_no_answer(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], end: Callable[[ssl.SSLSocket], None]
) -> None:
    """What ends before it has begun, or was not encrypted, is a lost connection."""
    trusting, serving = contexts
    async with client(tls_context=trusting) as http:
        with tls_server(serving, end) as (url, ended):
            with pytest.raises(HttpConnectionError, match="lost before an answer came"):
                await post_over(http, url, b"{}", {}, 5.0)
            await asyncio.to_thread(ended.acquire, timeout=5)
            assert (await post_over(http, url, b"{}", {}, 5.0)).body == b"ok"


@pytest.mark.parametrize("end", [answer_and_garbage, begin_and_garbage])
async def test_garbage_after_the_status(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], end: Callable[[ssl.SSLSocket], None]
) -> None:
    """The event loop may drop what it has decrypted when the same packet breaks the connection."""
    trusting, serving = contexts
    async with client(tls_context=trusting) as http:
        with tls_server(serving, end) as (url, ended):
            with suppress(HttpConnectionError):
                assert (await post_over(http, url, b"{}", {}, 5.0)).status == 200
            await asyncio.to_thread(ended.acquire, timeout=5)
            assert (await post_over(http, url, b"{}", {}, 5.0)).body == b"ok"
