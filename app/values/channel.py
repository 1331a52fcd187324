"""A channel's traits: everything that differs between one service and another."""

from collections.abc import Callable
from enum import StrEnum
from urllib.parse import SplitResult

import msgspec

from app.values.notification import Notification


class AddressKind(StrEnum):
    """The kind of a channel's addresses."""

    URL = "URL"
    MAIL = "mail address"
    NONE = "none"  # there is but one destination, and the channel's name stands for it


class SecretForm(msgspec.Struct, frozen=True):
    """How the secret part of an address looks, wherever it stands."""

    # a text in lower case that occurs in everything that holds such a secret: a quick look
    sign: str
    pattern: str  # a regular expression, read in any case; its one group is hidden


class RefusalLimit(msgspec.Struct, frozen=True):
    """How many requests a service lets be refused before it bans whoever asks."""

    budget: int  # refused requests (not let in, or asked for patience) that one worker keeps below
    window: float  # seconds in which they count


class PublishedLimit(msgspec.Struct, frozen=True):
    """A limit that a service publishes and does not tell in its answers.

    It holds for everybody who uses the same secret.
    """

    requests: int  # how many it takes
    seconds: float  # in any so many seconds


def _never(_: SplitResult) -> bool:
    return False


def _nothing(_: SplitResult) -> str:
    return ""


def _once(_: Notification) -> int:
    return 1


class ChannelSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One channel, as the parser, the router, the recipients file, the page and the doctor see it.

    How its service wants to be asked (in order, several at once, how many refusals) stands on the
    channel itself, for whoever asks.
    """

    name: str  # as producers write it, and as a contact's type
    kind: AddressKind = AddressKind.URL  # the kind of its addresses
    # says by the path and the query of a URL, whatever its host, that it is one of this
    # channel's: many reach a chat service through a relay of their own
    recognises: Callable[[SplitResult], bool] = _never
    # a URL that another channel recognises is that channel's, although this one was named
    yields: bool = False
    # Why a URL that looks like one of this channel's cannot be used; empty if it can. It is
    # asked about every URL, whichever channel was named.
    fault: Callable[[SplitResult], str] = _nothing
    # what a URL lacks that was given for this channel by its name; empty if nothing
    needs: Callable[[SplitResult], str] = _nothing
    # what all addresses that share one limit have in common, and so their lane; empty for an
    # address that has a limit of its own
    limit_key: Callable[[SplitResult], str] = _nothing
    # the beginning of a URL's path that may be seen; empty if nothing of it may
    shown: Callable[[SplitResult], str] = _nothing
    # how the secret of an address is found in any text; None if the forms that every service
    # has (``key=…``, ``token=…``, a password in a URL) are enough
    secret: SecretForm | None = None
    # how many requests it takes to tell a notification
    requests: Callable[[Notification], int] = _once
    # requests under way at once to one destination; None for the settings' number
    concurrency: int | None = None
