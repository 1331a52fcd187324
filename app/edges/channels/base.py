"""The contract of a channel, and of its entry in the list of channels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from app.edges.callbacks import UnderWay as Attempt
from app.edges.http import HttpAnswer, HttpPort
from app.edges.smtp.connection import MailServer
from app.values.channel import ChannelSpec, PublishedLimit, RefusalLimit
from app.values.delivery import Delivery, Target
from app.values.outcome import Answer

__all__ = ["Attempt", "Channel", "ChannelEntry", "Means", "Then"]

Then = Callable[[Answer | Exception], None]
"""Called with the result of an attempt."""


class Channel(Protocol):
    """Delivers to one kind of destination, and returns the outcomes."""

    name: str
    most_merged: int = 1  # how many deliveries to one destination go into one request at most
    # whether a destination gets a partition's notifications in order, and so one request at a
    # time: people read chats from top to bottom
    in_order: bool = False
    # how many refused requests a host takes; None if nobody is banned for them
    refusal_limit: RefusalLimit | None = None
    # the limits that the service publishes, if they are the same for every address
    published: Sequence[PublishedLimit] = ()

    def prepare(self, delivery: Delivery) -> None:
        """Prepare a delivery before it waits for its turn: do once what takes long."""
        del delivery

    def begin(self, deliveries: Sequence[Delivery], then: Then) -> Attempt:
        """Begin one attempt with one request.

        Args:
            deliveries: To one destination. Just one if the channel merges none.
            then: Called once with the answer, whatever the destination does, and never before this
                returns; with an exception only for an error of the channel's own.

        Raises:
            Exception: An error of the channel's own, too: no request was made.
        """
        ...

    def limits(self, address: str) -> Sequence[PublishedLimit]:
        """Return the limits that the service publishes, but does not announce in its answers.

        They are kept in advance, with room for others who use the same secret, and divided among
        the workers of the group.
        """
        del address
        return self.published

    def outdated(self) -> Mapping[str, str]:
        """Return the addresses that still work but should be replaced, by their labels.

        Each with what to write instead.
        """
        return {}

    def ask_again(self) -> None:
        """Forget what the destination refused: an operator asks for another try."""
        return

    def mergeable(self, deliveries: Sequence[Delivery], more: Delivery) -> bool:
        """Say whether one more delivery fits into the request of others."""
        del deliveries, more
        return False

    async def close(self) -> None:
        """Close what is kept open."""
        return


class Means(msgspec.Struct, frozen=True):
    """What channels need to be created."""

    http: HttpPort
    write: Callable[[str], object]  # takes the console's text
    webhook_timeout: float = 10.0
    signing_keys: Sequence[bytes] = ()  # webhooks are signed with each of them
    mail: MailServer | None = None  # the mail server; None if there is none


class Question(msgspec.Struct, frozen=True):
    """A request that posts nothing, and whose answer tells whether an address works."""

    body: bytes  # the JSON text
    # returns what is wrong, fit to be shown; empty if nothing is
    fault: Callable[[HttpAnswer, Target], str]
    # returns the URL to ask about an address; mostly the address itself
    url: Callable[[str], str] = str


class ChannelEntry(ChannelSpec, frozen=True, kw_only=True):
    """A channel in the list of channels."""

    # makes the channel; None if what it needs is not configured
    make: Callable[[Means], Channel | None]
    # what the doctor asks each address; None if every question would be a message
    question: Question | None = None
