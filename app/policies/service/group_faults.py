"""Finds faults of a consumer group by its members. Pure."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

import msgspec

from app.values.group import Group, GroupMember

CONSUMERS: Final = "consumer"
ROUND_ROBIN: Final = "roundrobin"
_OWN_ID: Final = "give this service a group id of its own (NOTIFIER_KAFKA__GROUP_ID)"


class GroupFault(msgspec.Struct, frozen=True):
    """Something that is wrong with a group."""

    kind: str  # tells it from other faults
    problem: str  # a sentence about the group, without its subject and its full stop
    remedy: str  # the remedy, without its full stop


def group_faults(
    group: Group, own: Collection[str], client_id: str, limit: int | None = None
) -> Iterator[GroupFault]:
    """Yield the faults; workers that consume other topics are ``shared_group``'s.

    Args:
        client_id: The client id of this service's workers.
        limit: How many members the brokers allow; None if that is not known.
    """
    if group.protocol_type not in ("", CONSUMERS):
        problem = f"it is a group of the kind {group.protocol_type}: no consumer can join it"
        yield GroupFault("kind", problem, f"Stop the other program, or {_OWN_ID}")
        return
    strangers = [
        member
        for member in group.members
        if member.client_id != client_id and {*member.topics}.isdisjoint(own)
    ]
    if strangers:
        yield GroupFault("members", _about_strangers(group, strangers), f"Stop them, or {_OWN_ID}")
    if limit is not None and len(group.members) >= limit:
        yield GroupFault(
            "size",
            f"it is full: the brokers allow {limit} members (group.max.size)",
            "Raise group.max.size there before starting another worker",
        )


def _about_strangers(group: Group, strangers: Iterable[GroupMember]) -> str:
    """Describe members that are other programs."""
    problem = (
        f"it has members that are no workers of this service ({_named(strangers)}): what they take"
        " is not delivered here"
    )
    if group.by_brokers or group.assignor in ("", ROUND_ROBIN):
        return problem
    return (
        f"{problem}; they divide the partitions by {group.assignor}, and a worker is turned away"
        f" unless all of them take {ROUND_ROBIN} as well"
    )


def _named(members: Iterable[GroupMember]) -> str:
    """Name members by their client ids and hosts."""
    return ", ".join(sorted({f"{member.client_id} at {member.host}" for member in members}))
