"""What the HTTP port promises, whoever keeps it."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from app.values.errors import NotifierError

MAX_ANSWER_BYTES = 64 * 1024


class HttpError(NotifierError):
    """No usable answer came. The text can be shown: it never holds the URL."""


class HttpRequestError(HttpError):
    """The request cannot be made at all; trying again changes nothing."""


class HttpTimeoutError(HttpError):
    """No answer in time."""


class HttpConnectionError(HttpError):
    """There was no connection, or it was lost before the answer."""


class HttpProtocolError(HttpError):
    """What came back is not HTTP."""


class HttpAnswer(msgspec.Struct, frozen=True):
    """What a destination answered.

    Attributes:
        status: The status code, whatever its value.
        headers: Not case-sensitive.
        body: At most ``MAX_ANSWER_BYTES``, as sent (never decompressed), less when the rest did
            not come: the status stands all the same.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class HttpPort(Protocol):
    """Sends JSON to webhooks."""

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float
    ) -> HttpAnswer:
        """POST a JSON body and return the answer; redirects are not followed.

        Args:
            url: Where to; secret.
            body: The JSON text.
            headers: Further headers, in ASCII; none of those that the port sets itself.
            timeout: Seconds for everything together: connecting, sending, and the answer.

        Raises:
            HttpError: No usable answer came; see its subclasses.
            ForbiddenAddressError: The guard refused the connection.
        """
        ...
