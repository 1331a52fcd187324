"""Damaged answers, in pieces, over real sockets."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from app.edges.http.port import HttpError
from tests.support.http_answers import OK, damaged_answers
from tests.support.http_client import client, post_over
from tests.support.raw_server import Peer, raw_server

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.mark.parametrize("run", [uvloop.run, asyncio.run], ids=["uvloop", "asyncio"])
@given(pieces=damaged_answers(), ends=st.booleans())
@settings(deadline=None, max_examples=100)
def test_nothing_of_it_reaches_the_next_request(run: Run, pieces: list[bytes], ends: bool) -> None:
    """There is an answer or an error of the port, in time, and the next request has its own."""
    run(_exchange(pieces, ends))


async def _exchange(pieces: list[bytes], ends: bool) -> None:
    sent = asyncio.Event()

    async def talk(peer: Peer) -> None:
        while True:
            body = await peer.request()
            if body == b"first":
                try:
                    for piece in pieces:
                        await peer.send(piece)
                        await asyncio.sleep(0)
                finally:
                    sent.set()
                if ends:
                    return
            else:
                await peer.send(OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async with raw_server(talk) as server, client() as http:
        loop = asyncio.get_running_loop()
        timeout = 5.0 if ends else 0.05
        started = loop.time()
        try:
            answer = await post_over(http, server.url, b"first", {}, timeout)
            assert 100 < answer.status < 1000
        except HttpError as error:
            assert "secret" not in str(error)  # noqa: PT017 -- both ways are fine
        assert loop.time() < started + timeout + 2.0
        with suppress(TimeoutError):  # on a busy machine the first may not even have been sent
            await asyncio.wait_for(sent.wait(), 1.0)
        assert (await post_over(http, server.url, b"second", {}, 5.0)).body == b"second"
