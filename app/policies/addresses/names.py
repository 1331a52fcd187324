"""Whom destinations reach, by the recipients file. Pure."""

from collections.abc import Mapping
from typing import Final

from app.policies.addresses.destinations import webhook_destination
from app.policies.books.pauses import destination_id
from app.policies.channels import Channels
from app.policies.redaction import veil
from app.values.channel import AddressKind
from app.values.errors import UnroutableError
from app.values.recipients import Recipients

MOST_NAMES: Final = 3
"""Of one destination that are shown."""


def names_of(recipients: Recipients, channels: Channels) -> Mapping[str, str]:
    """Return the names of destinations, those of contact and user, by the destinations' ids."""
    names: dict[str, list[str]] = {}
    for key, user in recipients.users.items():
        who = user.name or key
        for contact in user.contacts:
            identity = _identity_of(channels, contact.type, contact.address)
            if identity is not None:
                name = f"{contact.name} ({who})" if contact.name else who
                # Somebody may have named a contact by its URL.
                names.setdefault(identity, []).append(veil(name, channels.secrets))
    return {identity: _listed(found) for identity, found in names.items()}


def _identity_of(channels: Channels, channel: str, address: str) -> str | None:
    """Return the id of the destination that an address leads to, if it has one of its own."""
    if channel not in channels or channels[channel].kind is not AddressKind.URL:
        return None
    try:
        _, destination = webhook_destination(channels, channel, address)
    except UnroutableError:
        return None
    return destination_id(destination)


def _listed(names: list[str]) -> str:
    shown = [*names[:MOST_NAMES], "…"] if len(names) > MOST_NAMES else names
    return ", ".join(shown)
