"""A consumer group, as the brokers see it."""

import msgspec

from app.values.record import TopicPartition


class GroupMember(msgspec.Struct, frozen=True):
    """A member of a group."""

    client_id: str  # the name that the program gives itself
    host: str
    topics: tuple[str, ...]
    id: str = ""  # as the group knows it; the group's leader is named by it
    # those that it was given; none while the group is being balanced
    partitions: tuple[TopicPartition, ...] = ()


class Group(msgspec.Struct, frozen=True):
    """A group; one that never was has no members."""

    protocol_type: str = ""  # ``consumer`` for consumers; empty while there are no members
    assignor: str = ""  # how its partitions are divided; empty while that is not settled
    members: tuple[GroupMember, ...] = ()  # all of them, whichever protocol they use
    # whether the brokers divide the partitions (KIP-848), not one of the members
    by_brokers: bool = False
