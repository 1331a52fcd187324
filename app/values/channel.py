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

    Attributes:
        name: As producers write it, and as a contact's type.
        kind: The kind of its addresses.
        recognises: Says by the path and the query of a URL, whatever its host, that it is one of
            this channel's: many reach a chat service through a relay of their own.
        yields: A URL that another channel recognises is that channel's, although this one was
            named.
        fault: Why a URL that looks like one of this channel's cannot be used; empty if it can. It
            is asked about every URL, whichever channel was named.
        needs: What a URL lacks that was given for this channel by its name; empty if nothing.
        limit_key: What all addresses that share one limit have in common, and so their lane; empty
            for an address that has a limit of its own.
        shown: The beginning of a URL's path that may be seen; empty if nothing of it may.
        secret: How the secret of an address is found in any text; None if the forms that every
            service has (``key=…``, ``token=…``, a password in a URL) are enough.
        requests: How many requests it takes to tell a notification.
        concurrency: Requests under way at once to one destination; None for the settings' number.
    """

    name: str
    kind: AddressKind = AddressKind.URL
    recognises: Callable[[SplitResult], bool] = _never
    yields: bool = False
    fault: Callable[[SplitResult], str] = _nothing
    needs: Callable[[SplitResult], str] = _nothing
    limit_key: Callable[[SplitResult], str] = _nothing
    shown: Callable[[SplitResult], str] = _nothing
    secret: SecretForm | None = None
    requests: Callable[[Notification], int] = _once
    concurrency: int | None = None
