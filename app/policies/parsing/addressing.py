"""Addressing: who is meant, and by which of their contacts they are reached."""

from collections.abc import Iterable, Sequence

from app.policies.addresses import discord_webhook_id
from app.values.errors import UnroutableError
from app.values.notification import Request
from app.values.recipients import Contact, Recipients

CHANNELS = ("webhook", "discord", "email", "console")
_TWINS = {"webhook": "discord", "discord": "webhook"}


def contact_addresses(contacts: Iterable[Contact], channel: str) -> tuple[str, ...]:
    """Return how one user is reached by a channel; empty where not at all.

    The contacts of that type: those marked primary, or all where none is. A URL of Discord's form
    serves ``webhook`` and ``discord`` alike, whichever of the two types it was written down as.
    """
    contacts = tuple(contacts)
    found = [contact for contact in contacts if contact.type == channel]
    if not found and channel in _TWINS:
        twins = (contact for contact in contacts if contact.type == _TWINS[channel])
        found = [contact for contact in twins if discord_webhook_id(contact.address)]
    primary = [contact for contact in found if contact.primary]
    return tuple(contact.address for contact in primary or found)


def find_users(
    recipients: Recipients, user_uuid: str | None, group_uuid: str | None, group_name: str | None
) -> tuple[str, list[tuple[Contact, ...]]]:
    """Return who a typed message is for, in words, and the contacts of each user.

    Where it names several, the most exact one counts: user, then group uuid, then group name.

    Raises:
        UnroutableError: It names nobody, or somebody who is not in the recipients file.
    """
    if user_uuid:
        if user_uuid not in recipients.users:
            raise _unknown("user", user_uuid, "users")
        return f"user {user_uuid!r}", [recipients.users[user_uuid]]
    if group_uuid:
        group = recipients.groups_by_uuid.get(group_uuid)
        if group is None:
            raise _unknown("group with uuid", group_uuid, "groups")
    elif group_name:
        group = recipients.groups.get(group_name)
        if group is None:
            raise _unknown("group", group_name, "groups")
    else:
        raise UnroutableError(
            "the message names no recipient: add user_uuid, group_name or group_uuid"
        )
    return f"group {group.name!r}", [recipients.users[member] for member in group.members]


def make_requests(
    recipient: str, users: Sequence[tuple[Contact, ...]], channels: Sequence[str]
) -> tuple[Request, ...]:
    """Return what to ask of each channel to reach every user, each address once.

    Args:
        recipient: In words, for errors.
        users: The contacts of each user.
        channels: As the message names them; empty for every channel that reaches somebody.

    Raises:
        UnroutableError: No channel reaches anybody.
    """
    present = {contact.type for contacts in users for contact in contacts}
    wanted = dict.fromkeys(channels or (name for name in CHANNELS if name in present))
    requests = tuple(_request(recipient, users, channel) for channel in wanted)
    if not any(request.addresses for request in requests):
        means = f"contact for {', '.join(wanted)}" if wanted else "contacts"
        raise UnroutableError(f"{recipient} has no {means} in the recipients file")
    return requests


def _request(recipient: str, users: Sequence[tuple[Contact, ...]], channel: str) -> Request:
    addresses = [address for user in users for address in contact_addresses(user, channel)]
    if channel == "console":
        addresses = ["console"]  # there is but one, whoever is meant
    return Request(channel, tuple(dict.fromkeys(addresses)), recipient)


def _unknown(kind: str, name: str, section: str) -> UnroutableError:
    return UnroutableError(
        f"{kind} {name[:100]!r} is unknown: add it to {section} in the recipients file"
    )
