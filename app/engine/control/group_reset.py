"""Reset of a group: its commits are deleted, on purpose."""

import asyncio
from collections.abc import Sequence

import msgspec

from app.edges.kafka.connection import Connection
from app.edges.kafka.group_offsets import GroupHasMembersError, GroupOffsets
from app.edges.kafka.producer import Producer
from app.edges.kafka.saved_commits import read_saved
from app.edges.kafka.survey import Survey
from app.engine.group.subscription import Subscription
from app.policies.books.saved_commits import Saved, forgetting
from app.values.errors import NotifierError
from app.values.record import TopicPartition


class GroupInUseError(NotifierError):
    """The group has members, so it cannot be reset."""


class Memory(msgspec.Struct, frozen=True):
    """How far a group has got with its topics."""

    committed: Sequence[TopicPartition]  # partitions with a committed offset on Kafka
    saved: Saved
    kept: int
    done: int  # records below the commits that are still in the logs
    ahead: int  # records from the commits to the ends of the logs

    def __bool__(self) -> bool:
        return bool(self.committed or self.kept)


async def recall(connection: Connection, group: Subscription) -> Memory:
    """Return what is known of the group; of its consumed topics, not of what is deferred.

    Raises:
        GroupInUseError: It has members.
        KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
    """
    async with Survey(connection) as survey:
        found = await survey.group(group.group_id)
        if found.members:
            hosts = [member.host for member in found.members]
            raise GroupInUseError(_in_use(group.group_id, hosts))
    async with GroupOffsets(connection) as offsets:
        partitions = await offsets.logs.learn(group.topics)
        committed = await offsets.committed(group.group_id, partitions)
        starts, ends = await asyncio.gather(
            offsets.logs.starts(partitions), offsets.logs.ends(partitions)
        )
    saved = await read_saved(connection, group.control_topic, group.group_id)
    kept = [each for each in saved.commits if each.topic in group.topics]
    at = {each: saved.commits[each].offset for each in kept if each in starts}
    at |= {each: found.offset for each, found in committed.items() if found}
    return Memory(
        committed=[each for each, found in committed.items() if found],
        saved=saved,
        kept=len(kept),
        done=sum(max(offset - starts[each], 0) for each, offset in at.items()),
        ahead=sum(max(ends[each] - offset, 0) for each, offset in at.items()),
    )


async def forget(connection: Connection, group: Subscription, memory: Memory) -> None:
    """Delete the commits on Kafka and those saved in the control topic.

    Raises:
        GroupInUseError: It has members by now; nothing is deleted.
        KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
    """
    async with GroupOffsets(connection) as offsets:
        try:
            await offsets.forget(group.group_id, memory.committed)
        except GroupHasMembersError as error:
            raise GroupInUseError(_in_use(group.group_id, ())) from error
    producer = Producer(connection)
    try:
        for entry in forgetting(group.group_id, memory.saved, group.topics):
            await producer.send(group.control_topic, *entry)
    finally:
        await producer.close()


def _in_use(group_id: str, hosts: Sequence[str]) -> str:
    where = f" on {', '.join(dict.fromkeys(hosts))}" if hosts else ""
    return (
        f"the group {group_id} has members{where}: stop all of its workers first (one that was"
        " killed counts as a member for ten seconds more)"
    )
