"""Whom notifications can be addressed to: users, groups, and how each user is reached."""

from collections.abc import Mapping
from functools import cached_property

import msgspec


class Contact(msgspec.Struct, frozen=True):
    """One way to reach a user.

    Attributes:
        type: ``webhook``, ``discord``, ``email`` or ``console``.
        address: A webhook URL, a mail address, or ``console``. Webhook URLs are secret, so the
            repr leaves it out.
        primary: Preferred over the user's other contacts of the same type.
    """

    type: str
    address: str
    primary: bool = False

    def __repr__(self) -> str:
        return f"Contact(type={self.type!r}, primary={self.primary})"


class Group(msgspec.Struct, frozen=True):
    """Users who are told together.

    Attributes:
        name: As ``group_name`` names it.
        members: Ids of users.
        uuid: As ``group_uuid`` names it, or None.
    """

    name: str
    members: tuple[str, ...]
    uuid: str | None = None


class Recipients(msgspec.Struct, frozen=True, dict=True):
    """The recipients file as a value; without arguments, nobody is known.

    Attributes:
        users: Each user's contacts, by user id.
        groups: By name; every member is one of ``users``.
    """

    users: Mapping[str, tuple[Contact, ...]] = {}
    groups: Mapping[str, Group] = {}

    @cached_property
    def groups_by_uuid(self) -> Mapping[str, Group]:
        """The groups that have one, by uuid."""
        return {group.uuid: group for group in self.groups.values() if group.uuid is not None}
