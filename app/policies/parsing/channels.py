"""Channels of a message: a known one gets a request, an unknown one fails alone."""

from collections.abc import Sequence
from typing import Any

from app.policies.channels import Channels
from app.policies.parsing.fitting import text_of
from app.policies.texts.notes import quoted
from app.values.errors import InvalidRecordError, UnroutableError
from app.values.note import Note
from app.values.notification import Request


def read_channels(given: str | list[Any], known: Channels) -> tuple[str, ...]:
    """Return the names of channels, known or not, each once.

    Raises:
        InvalidRecordError: There are none.
    """
    several = [given] if isinstance(given, str) else given
    for each in several:
        if each not in known.names:
            break
    else:  # as in nearly every record; a comprehension would take longer
        if len(several) == 1:
            return (several[0],)
    names = (text_of(each).strip().lower() for each in several if each is not None)
    channels = tuple(dict.fromkeys(filter(None, names)))
    if not channels:
        raise InvalidRecordError("must name at least one channel", "channels")
    return channels


def unknown_channel(name: str, known: Channels) -> Request:
    """Return the request for a channel that is not known: it fails alone."""
    *others, last = known.names
    expected = f"{', '.join(others)} or {last}"
    problem = Note("channels", f"expected {expected}, got {quoted(name)}")
    return Request("unknown", (name,), problem=problem)


def check_known(requests: Sequence[Request]) -> None:
    """Raise an error if no request can be fulfilled.

    Raises:
        UnroutableError: No channel is known.
    """
    for request in requests:
        if request.problem is None:
            return
    if requests and (problem := requests[0].problem):
        raise UnroutableError(problem.problem, problem.field)
