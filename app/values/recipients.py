"""Whom notifications can be addressed to: users, groups, and how each user is reached."""

from collections.abc import Mapping
from functools import cached_property

import msgspec

from app.values.notification import NO_ACCESS, Access, Fallback


class Contact(msgspec.Struct, frozen=True):
    """One way to reach a user."""

    type: str  # the name of a channel
    # A webhook URL, a mail address, or ``console``. Webhook URLs are secret, so the repr
    # leaves it out.
    address: str
    primary: bool = False  # preferred over the user's other contacts, of whatever type
    name: str | None = None  # shown beside the address, or None
    access: Access = NO_ACCESS
    # where a notification goes instead that this one does not take, in order
    fallback: Fallback | None = None

    def __repr__(self) -> str:
        return f"Contact(type={self.type!r}, primary={self.primary}, name={self.name!r})"


class User(msgspec.Struct, frozen=True):
    """Somebody who is told."""

    contacts: tuple[Contact, ...] = ()  # in the order of the file
    name: str | None = None  # shown beside the addresses, or None
    active: bool = True  # whether anything is to be sent at all


class Group(msgspec.Struct, frozen=True):
    """Users who are told together."""

    key: str  # its name in the file
    members: tuple[str, ...]  # ids of users
    uuid: str | None = None  # as ``group_uuid`` names it, or None
    name: str | None = None  # as people call it, or None; ``group_name`` may say either


class Recipients(msgspec.Struct, frozen=True, dict=True):
    """The recipients file as a value; without arguments, nobody is known."""

    users: Mapping[str, User] = {}  # by user id
    groups: Mapping[str, Group] = {}  # by key; every member is one of ``users``
    warnings: Mapping[str, str] = {}  # faults of a file that can be used all the same, by place

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
