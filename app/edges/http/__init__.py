"""The HTTP port: one POST to a destination whose answer may be malformed, or missing.

``open_http_client`` opens it for deliveries: a client for the part of HTTP/1.1 that webhooks need,
and httpx for requests through a proxy.
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
