"""The HTTP port: one POST to a destination that may answer anything at all, or nothing.

``open_http_client`` opens it for deliveries: a client that speaks the little of HTTP/1.1 that a
webhook needs, and httpx where the way leads through a proxy.
"""

from app.edges.http.client import open_http_client
from app.edges.http.port import (
    MAX_ANSWER_BYTES,
    Exchange,
    HttpAnswer,
    HttpConnectionError,
    HttpError,
    HttpPort,
    HttpProtocolError,
    HttpRequestError,
    HttpTimeoutError,
    Then,
)

__all__ = [
    "MAX_ANSWER_BYTES",
    "Exchange",
    "HttpAnswer",
    "HttpConnectionError",
    "HttpError",
    "HttpPort",
    "HttpProtocolError",
    "HttpRequestError",
    "HttpTimeoutError",
    "Then",
    "open_http_client",
]
