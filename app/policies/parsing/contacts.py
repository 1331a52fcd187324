"""Contacts: how a user is reached, and what it takes to be let in there."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from app.policies.channels import Channels
from app.policies.parsing.extras import KwargsWire, mail_addresses
from app.values.channel import AddressKind
from app.values.notification import NO_ACCESS, Access, Fallback, Request
from app.values.recipients import Contact, User


def contacts_for(
    contacts: Sequence[Contact], channel: str, channels: Channels
) -> Sequence[Contact]:
    """Return how one user is reached by a channel; nothing where not at all.

    The contacts of that type: those marked primary, or all where none is. A URL of a chat
    service's form serves ``webhook`` and that service's channel alike, whichever of the two types
    it was written down as.
    """
    found = [contact for contact in contacts if contact.type == channel]
    if not found:
        found = [
            contact
            for contact in contacts
            if channels.can_serve(channel, contact.type, contact.address)
        ]
    if len(found) < 2:
        return found
    return [contact for contact in found if contact.primary] or found


def preferred_contacts(user: User) -> Sequence[Contact]:
    """Return a user's primary contacts, of whatever type; all where none is primary."""
    return [contact for contact in user.contacts if contact.primary] or user.contacts


def request_for(channel: str, contacts: Sequence[Contact], words: str) -> Request:
    """Ask a channel for each address of some contacts once.

    Args:
        channel: That serves them.
        contacts: Perhaps none: then the request fails.
        words: Whose they are.
    """
    if len(contacts) == 1:  # as of nearly every user
        (contact,) = contacts
        access = () if contact.access is NO_ACCESS else ((contact.address, contact.access),)
        return Request(channel, (contact.address,), words, access, fallbacks=_fallbacks(contacts))
    by_address: dict[str, Contact] = {}
    for contact in contacts:
        by_address.setdefault(contact.address, contact)
    asked = [each for each in by_address.values() if each.access is not NO_ACCESS]
    return Request(
        channel,
        tuple(by_address),
        words,
        tuple((each.address, each.access) for each in asked),
        fallbacks=_fallbacks(by_address.values()),
    )


def _fallbacks(contacts: Iterable[Contact]) -> tuple[tuple[str, Fallback], ...]:
    return tuple((each.address, each.fallback) for each in contacts if each.fallback is not None)


def own_addresses(kind: AddressKind, kwargs: KwargsWire) -> tuple[str, ...]:
    """Return where the producer itself says that a channel with such addresses leads."""
    match kind:
        case AddressKind.MAIL:
            return mail_addresses(kwargs.to)
        case AddressKind.NONE:
            return ()
        case AddressKind.URL:
            url = (kwargs.webhook_url or "").strip()
            return (url,) if url else ()
        case _:
            assert_never(kind)


def own_request(
    channel: str, kind: AddressKind, addresses: tuple[str, ...], kwargs: KwargsWire
) -> Request:
    """Ask a channel for the producer's own addresses, with its own secret for a robot there."""
    if not kwargs.secret or kind is not AddressKind.URL:
        return Request(channel, addresses)
    access = Access(secret=kwargs.secret)
    return Request(channel, addresses, access=tuple((each, access) for each in addresses))
