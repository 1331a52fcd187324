"""The contract of the HTTP port."""

from collections.abc import Callable, Mapping
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
    """An answer of a destination.

    Attributes:
        status: The status code, whatever its value.
        headers: Not case-sensitive.
        body: At most ``MAX_ANSWER_BYTES``, as sent (never decompressed); less if the rest did not
            come, which does not change the status.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


Then = Callable[[HttpAnswer | Exception], None]
"""Takes the result of a request: called once, and never before the call that began it returns."""


class Exchange(Protocol):
    """A request under way."""

    def cancel(self) -> None:
        """Cancel it; its callback is not called."""
        ...


class HttpPort(Protocol):
    """Sends JSON to webhooks."""

    def begin(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, then: Then
    ) -> Exchange:
        """Begin to POST a JSON body; redirects are not followed.

        Args:
            url: Where to; secret.
            body: The JSON text.
            headers: Further headers, in ASCII; none of those that the port sets itself.
            timeout: Seconds for everything together: connecting, sending, and the answer.
            then: Takes the answer; ``HttpError`` (see its subclasses) if no usable one came;
                ``ForbiddenAddressError`` if the guard refused the connection.
        """
        ...
