"""Contacts: a user's addresses, with the credentials that they need."""

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
    """Return the contacts by which a channel reaches one user; none if it cannot.

    The contacts of that type: those marked primary, or all if none is. A URL of a chat
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
    """Return a user's primary contacts, of any type; all if none is primary."""
    return [contact for contact in user.contacts if contact.primary] or user.contacts


def request_for(channel: str, contacts: Sequence[Contact], words: str) -> Request:
    """Return a channel's request for some contacts, each address once.

    Args:
        channel: Serves them.
        contacts: If there are none, the request fails.
        words: Names the user in errors.
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
    """Return the producer's own addresses for a channel with such addresses."""
    match kind:
        case AddressKind.URL:
            url = (kwargs.webhook_url or "").strip()
            return (url,) if url else ()
        case AddressKind.MAIL:
            return mail_addresses(kwargs.to)
        case AddressKind.NONE:
            return ()
        case _:
            assert_never(kind)


def own_request(
    channel: str, kind: AddressKind, addresses: tuple[str, ...], kwargs: KwargsWire
) -> Request:
    """Return a channel's request for the producer's own addresses, with its secret for a robot."""
    if not kwargs.secret or kind is not AddressKind.URL:
        return Request(channel, addresses)
    access = Access(secret=kwargs.secret)
    return Request(channel, addresses, access=tuple((each, access) for each in addresses))
