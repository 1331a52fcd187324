"""A raw load generator: how much the sink takes when nothing but bytes is sent.

``python -m tests.benchmarks.raw_load PORT CONNECTIONS SECONDS``: every connection sends the same
request as soon as it has the answer to the last.
"""

import asyncio
import sys
from typing import cast

import uvloop

from tests.benchmarks.messages import record

ANSWER_END = b"\r\n\r\n"
BODY = record(0, "http://127.0.0.1/instant/0", 0)
REQUEST = (
    b"POST /instant/0 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"User-Agent: raw-load\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


class Client(asyncio.Protocol):
    """Sends a request for every answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        """Send the next; an answer without a body is never cut in two on loopback."""
        assert data.endswith(ANSWER_END)
        self._transport.write(REQUEST)


async def load(port: int, connections: int, seconds: float) -> None:
    """Load the sink for a while."""
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(Client, "127.0.0.1", port)
    await asyncio.sleep(seconds)


if __name__ == "__main__":
    uvloop.run(load(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
