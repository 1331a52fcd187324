"""A Kafka broker that refuses every login, and repeats it in its reason."""

import asyncio
import struct
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_VERSIONS, _HANDSHAKE, _AUTHENTICATE = 18, 17, 36  # Kafka's numbers of requests
_KNOWN = {_HANDSHAKE: 1, _VERSIONS: 0, _AUTHENTICATE: 1, 3: 5}
_LOGIN_FAILED = 58


@asynccontextmanager
async def talkative_broker() -> AsyncIterator[str]:
    """Run it on 127.0.0.1; yield its address."""
    talks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(_talk(reader, writer))
        talks.add(talk)
        talk.add_done_callback(talks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            request = await reader.readexactly(size)
            kind, _, number, client = struct.unpack(">hhih", request[:10])
            answer = struct.pack(">i", number) + _answer(kind, request[10 + client :])
            writer.write(struct.pack(">i", len(answer)) + answer)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass  # the client has heard enough
    finally:
        writer.transport.abort()


def _answer(kind: int, body: bytes) -> bytes:
    if kind == _VERSIONS:
        known = b"".join(struct.pack(">hhh", each, 0, most) for each, most in _KNOWN.items())
        return struct.pack(">hi", 0, len(_KNOWN)) + known
    if kind == _HANDSHAKE:
        return struct.pack(">hih", 0, 1, 5) + b"PLAIN"
    login = body[4:]
    said = b"no %b, nor %b" % (login.rpartition(b"\0")[2], b64encode(login))
    return struct.pack(">hh", _LOGIN_FAILED, len(said)) + said + struct.pack(">iq", 0, 0)
