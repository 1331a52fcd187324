"""A consumer group, as the brokers see it."""

import msgspec

from app.values.record import TopicPartition


class GroupMember(msgspec.Struct, frozen=True):
    """A member of a group.

    Attributes:
        client_id: The name that the program gives itself.
        id: As the group knows it; the group's leader is named by it.
        partitions: Those that it was given; none while the group is being balanced.
    """

    client_id: str
    host: str
    topics: tuple[str, ...]
    id: str = ""
    partitions: tuple[TopicPartition, ...] = ()


class Group(msgspec.Struct, frozen=True):
    """A group; one that never was has no members.

    Attributes:
        protocol_type: ``consumer`` for consumers; empty while there are no members.
        assignor: How its partitions are divided; empty while that is not settled.
        members: All of them, whichever protocol they use.
        by_brokers: Whether the brokers divide the partitions (KIP-848), not one of the members.
    """

    protocol_type: str = ""
    assignor: str = ""
    members: tuple[GroupMember, ...] = ()
    by_brokers: bool = False
