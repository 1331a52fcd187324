"""The inbox's knowledge of a service that it stands in for."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from app.values.inbox import InboxCard


class Reply(msgspec.Struct, frozen=True):
    """An answer of the service's."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}  # its content type among them


class RefusedError(Exception):
    """The service would take no such request."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"refused with {reply.status}")
        self.reply = reply


class StandIn(msgspec.Struct, frozen=True, kw_only=True):
    """One service."""

    paths: tuple[str, ...]  # patterns of the paths that are its own, as aiohttp reads them
    # Returns what a request shows: of its body, and of what stands at the places that a
    # pattern names. Raises ``RefusedError``.
    read: Callable[[bytes, Mapping[str, str]], Sequence[InboxCard]]
    accepted: Reply
    # its answer if it asks for patience: at a time (seconds since the epoch), for so many
    # seconds
    limited: Callable[[float, float], Reply]
    failed: Reply


def of_body(
    judge: Callable[[bytes], InboxCard],
) -> Callable[[bytes, Mapping[str, str]], Sequence[InboxCard]]:
    """Return the ``read`` of a service whose requests show one card each, by their bodies alone."""
    return lambda body, _: [judge(body)]


def json_reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
    """Return an answer in JSON."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(status, msgspec.json.encode(value), {**kind, **(headers or {})})


def text_reply(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Return an answer in plain text."""
    kind = {"Content-Type": "text/plain; charset=utf-8"}
    return Reply(status, text.encode(), {**kind, **(headers or {})})
