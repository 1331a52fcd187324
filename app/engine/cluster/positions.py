"""Keeps positions correct if topics are recreated or logs lose records."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from app.edges.kafka.consumer import Consumer
from app.engine.conditions import Conditions
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Assigned, Start
from app.engine.observer import Observer
from app.engine.standstill import Rounds
from app.values.clock import Clock
from app.values.record import TopicPartition

STANDSTILL: Final = 2.0
"""Seconds without a turn of the loop after which anything may have happened meanwhile."""


class Positions:
    """Notices recreated topics, and logs that no longer hold a position.

    Args:
        drop: Drops what is held of a partition that starts over.
        committing: Held by whoever commits.
    """

    def __init__(
        self,
        consumer: Consumer,
        assignment: Assignment,
        clock: Clock,
        observer: Observer,
        conditions: Conditions,
        *,
        drop: Callable[[], None],
        committing: asyncio.Lock,
    ) -> None:
        self._consumer = consumer
        self._assignment = assignment
        self._observer = observer
        self._conditions = conditions
        self._drop = drop
        self._committing = committing
        self._looking = asyncio.Lock()
        self._rounds = Rounds(clock)
        self._stood_still = False
        self._seen_metadata = -1
        self._away: frozenset[str] = frozenset()
        self._stale: frozenset[Assigned] = frozenset()

    def turn(self) -> bool:
        """Note that the loop came round.

        Returns:
            Whether it had stood still, and nobody has looked at the topics since: then what was
            fetched may be of a topic that is gone, or not at the place where it would have been.
        """
        if self._rounds.come_round() > STANDSTILL:
            self._stood_still = True
        return self._stood_still

    def may_commit(self, assigned: Assigned) -> bool:
        """Say whether a commit would be of the topic that is there.

        It is not if there was none at the last look, if it is hidden from this user, or if it was
        recreated and this partition is not there, or not yet.
        """
        return assigned.partition.topic not in self._away and assigned not in self._stale

    async def look(self, *, anyway: bool = False) -> bool:
        """Compare the topics' ids with those of what is held, if anything may have changed.

        That is whenever the client has refreshed its list of topics, which is every 30 s and
        whenever a leader moves, and whenever the loop has stood still.

        Args:
            anyway: Ask even if nothing tells of a change.

        Returns:
            Whether there was a reason to.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
        """
        async with self._looking:
            self.turn()
            metadata = self._consumer.metadata.updates
            changed = self._stood_still or metadata != self._seen_metadata
            if not (anyway or changed or self._stale):
                return False
            await self._compare()
            self._stood_still = False
            self._seen_metadata = metadata
            return True

    async def _compare(self) -> None:
        topics = {each.partition.topic for each in self._assignment}
        ids = await self._consumer.logs.topic_ids(topics) if topics else {}
        self._away = frozenset(topics - ids.keys())
        recreated: list[Assigned] = []
        for assigned in self._assignment:
            topic_id = ids.get(assigned.partition.topic)
            if assigned.topic_id is None:
                assigned.topic_id = topic_id
            elif topic_id is not None and topic_id != assigned.topic_id:
                recreated.append(assigned)
        self._stale = frozenset(recreated)
        if recreated:
            await self._read_recreated(recreated, ids)

    async def _read_recreated(
        self, recreated: Collection[Assigned], ids: Mapping[str, str | None]
    ) -> None:
        """Begin at the start of topics that have taken the place of others."""
        starts = await self._consumer.logs.known_starts([each.partition for each in recreated])
        there = [each for each in self._still_held(recreated) if each.partition in starts]
        self._stale -= frozenset(there)
        dropped: Counter[str] = Counter()
        for old in there:
            topic = old.partition.topic
            dropped[topic] += len(old.items)
            self._observer.moved("topic_recreated")
            start = Start(starts[old.partition], topic_id=ids[topic], owed=True)
            self._restart(old, start)
        self._consumer.metadata.learn_anew()  # it may have more partitions, or fewer
        for topic, count in dropped.items():
            note_recreated(self._conditions, topic, count)

    async def find(self, partitions: Collection[TopicPartition]) -> None:
        """Go on where there is something to read, if the next record is not in the log.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
        """
        await self.look(anyway=True)
        lost = [self._assignment[each] for each in partitions if each in self._assignment]
        read_to = {each: each.position for each in lost}
        starts, ends = await asyncio.gather(
            self._consumer.logs.starts(partitions), self._consumer.logs.ends(partitions)
        )
        async with self._committing:  # one that is under way would bring the old offset back
            for assigned in self._still_held(lost):
                moving = assigned.reading or assigned.position != read_to[assigned]
                if not moving:  # else it is longer than it was told to be
                    self._move(assigned, starts[assigned.partition], ends[assigned.partition])

    def _move(self, assigned: Assigned, start: int, end: int) -> None:
        position = assigned.position
        if position < start:
            self._skip_to(assigned, start)
        elif max(position, assigned.ledger.mark) <= end:
            return  # it was moved meanwhile
        elif assigned.topic_id is None:
            self._start_over(assigned, start, end)
        elif position > end:
            self._go_on_at_end(assigned, end)
        else:
            self._read_what_comes(assigned, end)

    def _skip_to(self, assigned: Assigned, start: int) -> None:
        """Go on after records that retention deleted before they were read."""
        missed = assigned.ledger.unsettled_in(assigned.position, start)
        self._observer.missed(missed)
        self._observer.moved("retention")
        name = _name(assigned.partition)
        self._conditions.note(
            "messages_missed",
            f"{name}: {missed:,} offsets from {assigned.position} on were deleted before they were"
            f" read; going on at {start}. Let the topic keep its records for longer than any"
            " outage (retention.ms, retention.bytes), or add workers",
            subject=name,
        )
        assigned.go_on_at(start)
        self._seek(assigned)

    def _go_on_at_end(self, assigned: Assigned, end: int) -> None:
        """The log has lost its end: what stood there was read, and is not to be sent again."""
        self._note_truncated(assigned, end, max(assigned.position, assigned.ledger.mark) - end)
        assigned.cut(end)
        self._seek(assigned)

    def _read_what_comes(self, assigned: Assigned, end: int) -> None:
        """The log lost what others had settled: nothing new in its place is taken for settled."""
        self._note_truncated(assigned, end, assigned.ledger.mark - end)
        assigned.ledger.lower_mark(end)

    def _note_truncated(self, assigned: Assigned, end: int, vanished: int) -> None:
        self._observer.vanished(vanished)
        self._observer.moved("log_truncated")
        name = _name(assigned.partition)
        self._conditions.note(
            "log_truncated",
            f"{name}: Kafka lost the end of its log, {vanished:,} offsets from {end} on that had"
            " been read (an unclean election, a broker that lost power); going on at its new end."
            " Ask the producers whether they still have what they wrote last",
            subject=name,
        )

    def _start_over(self, assigned: Assigned, start: int, end: int) -> None:
        """Start over: if it may be another topic, sending again is better than missing anything."""
        self._observer.moved("unknown")
        name = _name(assigned.partition)
        self._conditions.note(
            "log_replaced",
            f"{name}: the log ends at {end}, before the position {assigned.position}, and these"
            " brokers know no topic ids: the topic may be another one, and is read from its"
            " beginning",
            subject=name,
        )
        self._restart(assigned, Start(start, owed=True))

    def _restart(self, old: Assigned, start: Start) -> None:
        self._assignment.restart(old.partition, start)
        self._drop()
        self._seek(self._assignment[old.partition])

    def _seek(self, assigned: Assigned) -> None:
        """Fetch from the position on; what the partition was held for is not there any more."""
        assigned.held, assigned.head = False, None
        self._consumer.seek(assigned.partition, assigned.position)
        self._consumer.resume(assigned.partition)

    def _still_held(self, those: Iterable[Assigned]) -> list[Assigned]:
        """Leave out what a rebalance, or somebody else who looked, has replaced meanwhile."""
        return [
            each
            for each in those
            if self._assignment.has(each) and self._consumer.has(each.partition)
        ]


def note_recreated(conditions: Conditions, topic: str, dropped: int = 0) -> None:
    """Say that a topic has taken the place of another one of its name."""
    lost = f"; {dropped} notifications of the old one were in flight and are dropped"
    conditions.note(
        "topic_recreated",
        f"the topic {topic} was deleted and recreated: it is read from its beginning"
        f"{lost if dropped else ''}",
        subject=topic,
    )


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"
