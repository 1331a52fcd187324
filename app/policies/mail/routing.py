"""Who gets a mail, and who sees whom: a notification's mail addresses become deliveries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from app.policies.mail.addresses import are_plain, read_mailbox
from app.values.delivery import Heading, Target
from app.values.errors import UnroutableError

AT_ONCE = 100
"""Recipients of one delivery; every server takes that many of one mail (RFC 5321, 4.5.3.1.8)."""
MOST_DELIVERIES = 1000
"""Of one notification; with more recipients than that allows, each delivery has more of them."""
MOST_SHOWN = 48 * 1024
"""Characters of addresses in the headers. Servers cut or refuse longer ones (Postfix: 100 KB)."""


class Addressed(msgspec.Struct, frozen=True):
    """Whom a mail is for, as the record or the recipients file has it."""

    to: Sequence[str]  # entries of a list of mail addresses, as they are written
    cc: Sequence[str] = ()  # the same, for copies
    bcc: Sequence[str] = ()  # the same, for copies that nobody sees
    apart: bool = False  # those in ``to`` are not to see each other's addresses


Part = tuple[tuple[Target, ...], Heading]
"""The targets of a delivery, and what the headers of its mail say."""
_Group = tuple[Sequence[str], Heading]


class MailRoute(NamedTuple):
    """The recipients of a mail."""

    parts: Sequence[Part]  # one for each delivery
    unusable: Sequence[tuple[str, str]]  # entries that are no mail address, and why


def route_mail(channel: str, addressed: Addressed) -> MailRoute:
    """Decide who gets a mail with whom.

    Everybody gets it once, however often they are named, and sees in its headers whom the producer
    wrote there. Who comes from the recipients file gets a mail of their own if there are several
    of them. Headers that no server would take hold only those whom a delivery goes to.

    Args:
        channel: The name that the targets' channel has.
        addressed: Whom it is for.
    """
    reader = _Reader()
    to, cc, bcc = (reader.read(each) for each in (addressed.to, addressed.cc, addressed.bcc))
    apart = addressed.apart and len(to) > 1
    grouped = _apart(to, cc, bcc, reader.names) if apart else _together(to, cc, bcc, reader.names)
    parts = [(_targets(channel, addresses), heading) for addresses, heading in grouped]
    return MailRoute(parts, reader.unusable)


class _Reader:
    """Reads entries, and remembers whom it has read."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.unusable: list[tuple[str, str]] = []
        self._seen: set[str] = set()

    def read(self, entries: Sequence[str]) -> tuple[str, ...]:
        """Return the addresses that were not there before."""
        found: Iterable[str] = entries if are_plain(entries) else self._read_each(entries)
        fresh = tuple(each for each in dict.fromkeys(found) if each not in self._seen)
        self._seen.update(fresh)
        return fresh

    def _read_each(self, entries: Sequence[str]) -> Iterator[str]:
        for entry in entries:
            try:
                mailbox = read_mailbox(entry)
            except UnroutableError as error:
                self.unusable.append((entry, str(error)))
                continue
            if mailbox.name:
                self.names.setdefault(mailbox.address, mailbox.name)
            yield mailbox.address


def _together(
    to: tuple[str, ...], cc: tuple[str, ...], bcc: tuple[str, ...], names: Mapping[str, str]
) -> Iterator[_Group]:
    everybody = (*to, *cc, *bcc)
    size = _size(everybody, AT_ONCE)
    if _can_be_shown((*to, *cc), names):
        heading = Heading(to, cc, names)
        for start in range(0, len(everybody), size):
            yield everybody[start : start + size], heading
        return
    for start in range(0, len(everybody), size):
        end, visible = start + size, len(to) + len(cc)
        shown_to, shown_cc = to[start:end], everybody[max(start, len(to)) : min(end, visible)]
        heading = Heading(shown_to, shown_cc, names, part=everybody[start])
        yield everybody[start:end], heading


def _apart(
    to: tuple[str, ...], cc: tuple[str, ...], bcc: tuple[str, ...], names: Mapping[str, str]
) -> Iterator[_Group]:
    shown = cc if _can_be_shown(cc, names) else ()
    size = _size(to, 1)
    for start in range(0, len(to), size):
        yield to[start : start + size], Heading((), shown, names, apart=True)
    yield from _together((), cc, bcc, names)


def _targets(channel: str, addresses: Sequence[str]) -> tuple[Target, ...]:
    return tuple([Target(channel, address, address) for address in addresses])


def _size(recipients: Sequence[str], least: int) -> int:
    """Return how many recipients each delivery has."""
    return max(least, -(-len(recipients) // MOST_DELIVERIES))


def _can_be_shown(addresses: Sequence[str], names: Mapping[str, str]) -> bool:
    named = sum(map(len, names.values())) if names else 0
    return sum(map(len, addresses)) + named <= MOST_SHOWN
