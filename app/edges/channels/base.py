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
"""Takes what came of an attempt."""


class Channel(Protocol):
    """Delivers to one kind of destination, and says what became of it.

    Attributes:
        name: As its spec has it.
        most_merged: How many deliveries to one destination go into one request at most.
        in_order: Whether a destination gets what a partition holds in the partition's order, and so
            one request at a time: people read chats from top to bottom.
        refusal_limit: How many refused requests a host takes; None if nobody is banned for them.
        published: The limits that the service publishes, if they are the same for every address.
    """

    name: str
    most_merged: int = 1
    in_order: bool = False
    refusal_limit: RefusalLimit | None = None
    published: Sequence[PublishedLimit] = ()

    def prepare(self, delivery: Delivery) -> None:
        """Do in advance, and once, what takes long: a delivery is about to wait for its turn."""
        del delivery

    def begin(self, deliveries: Sequence[Delivery], then: Then) -> Attempt:
        """Begin one attempt with one request.

        Args:
            deliveries: To one destination. Just one if the channel merges none.
            then: Takes the answer, whatever the destination does or does not do; an exception only
                for an error of the channel's own. It is called once, and never before this returns.

        Raises:
            Exception: An error of the channel's own, too: no request was made.
        """
        ...

    def limits(self, address: str) -> Sequence[PublishedLimit]:
        """Return the limits that the service publishes, and does not tell in its answers.

        They are kept before it complains, with room for others who use the same secret, and divided
        among the workers of the group.

        Args:
            address: A destination's.
        """
        del address
        return self.published

    def outdated(self) -> Mapping[str, str]:
        """Return the addresses that should be written anew although they serve, by their labels.

        Each with what to write.
        """
        return {}

    def ask_again(self) -> None:
        """Forget what the destination refused: somebody says that it is worth asking now."""
        return

    def mergeable(self, deliveries: Sequence[Delivery], more: Delivery) -> bool:
        """Say whether one more delivery fits into the request of others."""
        del deliveries, more
        return False

    async def close(self) -> None:
        """Close what is kept open."""
        return


class Means(msgspec.Struct, frozen=True):
    """What channels are made from.

    Attributes:
        http: Sends requests.
        write: Takes the console's text.
        webhook_timeout: Seconds that a request may take.
        signing_keys: What webhooks are signed with, side by side.
        mail: The mail server; None if there is none.
    """

    http: HttpPort
    write: Callable[[str], object]
    webhook_timeout: float = 10.0
    signing_keys: Sequence[bytes] = ()
    mail: MailServer | None = None


class Question(msgspec.Struct, frozen=True):
    """A request that shows nothing to anybody, and whose answer tells if an address is good.

    Attributes:
        body: The JSON text.
        fault: Returns what is wrong, fit to be shown; empty if nothing is.
        url: Where an address is asked; the address itself if there is no other place.
    """

    body: bytes
    fault: Callable[[HttpAnswer, Target], str]
    url: Callable[[str], str] = str


class ChannelEntry(ChannelSpec, frozen=True, kw_only=True):
    """A channel in the list of channels.

    Attributes:
        make: Makes the channel; None if what it needs is not configured.
        question: What the doctor asks each address; None if every question would be a message.
    """

    make: Callable[[Means], Channel | None]
    question: Question | None = None
