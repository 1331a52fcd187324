"""Whom notifications can be addressed to: users, groups, and how each user is reached."""

from collections.abc import Mapping
from functools import cached_property

import msgspec

from app.values.notification import NO_ACCESS, Access, Fallback


class Contact(msgspec.Struct, frozen=True):
    """One way to reach a user.

    Attributes:
        type: The name of a channel.
        address: A webhook URL, a mail address, or ``console``. Webhook URLs are secret, so the
            repr leaves it out.
        primary: Preferred over the user's other contacts, of whatever type.
        name: Shown beside the address, or None.
        fallback: Where a notification goes instead that this one does not take, in order.
    """

    type: str
    address: str
    primary: bool = False
    name: str | None = None
    access: Access = NO_ACCESS
    fallback: Fallback | None = None

    def __repr__(self) -> str:
        return f"Contact(type={self.type!r}, primary={self.primary}, name={self.name!r})"


class User(msgspec.Struct, frozen=True):
    """Somebody who is told.

    Attributes:
        contacts: In the order of the file.
        name: Shown beside the addresses, or None.
        active: Whether anything is to be sent at all.
    """

    contacts: tuple[Contact, ...] = ()
    name: str | None = None
    active: bool = True


class Group(msgspec.Struct, frozen=True):
    """Users who are told together.

    Attributes:
        key: Its name in the file.
        members: Ids of users.
        uuid: As ``group_uuid`` names it, or None.
        name: As people call it, or None; ``group_name`` may say either.
    """

    key: str
    members: tuple[str, ...]
    uuid: str | None = None
    name: str | None = None


class Recipients(msgspec.Struct, frozen=True, dict=True):
    """The recipients file as a value; without arguments, nobody is known.

    Attributes:
        users: By user id.
        groups: By key; every member is one of ``users``.
        warnings: Faults of a file that can be used all the same, by place.
    """

    users: Mapping[str, User] = {}
    groups: Mapping[str, Group] = {}
    warnings: Mapping[str, str] = {}

    def access_to(self, address: str) -> Access:
        """Return the credentials of the first contact with this address, if it has any."""
        for user in self.users.values():
            for contact in user.contacts:
                if contact.address == address:
                    return contact.access
        return NO_ACCESS

    @cached_property
    def groups_by_uuid(self) -> Mapping[str, Group]:
        """The groups that have one, by uuid."""
        return {group.uuid: group for group in self.groups.values() if group.uuid is not None}

    @cached_property
    def groups_by_name(self) -> Mapping[str, Group]:
        """All groups by the names for ``group_name``: keys go before other groups' names."""
        named = {group.name: group for group in self.groups.values() if group.name is not None}
        return {**named, **self.groups}
