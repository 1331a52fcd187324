"""Watches brokers' answers to fetches, partition by partition.

aiokafka 0.14 asks for all partitions of a broker in one request, and again at once after an error
of any of them: one that is refused makes it ask as fast as the broker answers, and its error is
raised in the way of the others' records. A partition that is paused is left out of the request.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Theirs
from aiokafka.consumer.fetcher import FetchError

from app.policies.limits.resting import Rests
from app.values.record import TopicPartition

OFFSET_OUT_OF_RANGE: Final = 1
NO_LEADER: Final = 5
NOT_ALLOWED: Final = 29


class Unreadable(NamedTuple):
    """A partition that cannot be read."""

    code: int  # Kafka's error code
    seconds: float  # for how long it has been so


class FetchWatch:
    """Lets each partition that cannot be read rest, and asks again with growing pauses.

    Args:
        consumer: Not started yet; it is told which partitions to pause.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._rests = Rests()
        self._held: set[TopicPartition] = set()
        self._asking: dict[TopicPartition, asyncio.TimerHandle] = {}
        self._leaderless: dict[TopicPartition, float] = {}
        consumer._client.on_fetch = self._fetched  # noqa: SLF001 - the only one who hears of all errors

    def resting(self, partition: TopicPartition) -> bool:
        """Say whether a partition is not to be asked now."""
        return partition in self._asking

    def awake(self, partitions: Collection[TopicPartition]) -> Collection[TopicPartition]:
        """Return those partitions that do not rest."""
        return (
            [each for each in partitions if each not in self._asking]
            if self._asking
            else partitions
        )

    def hold(self, partition: TopicPartition) -> None:
        """Fetch nothing of an assigned partition until it is released."""
        self._held.add(partition)
        self._consumer.pause(Theirs(*partition))

    def release(self, partition: TopicPartition) -> None:
        """Fetch an assigned partition again, unless it rests."""
        self._held.discard(partition)
        if partition not in self._asking:
            self._consumer.resume(Theirs(*partition))

    def reset(self) -> None:
        """Forget everything: the partitions are being taken away."""
        self._held.clear()
        for timer in self._asking.values():
            timer.cancel()
        self._asking.clear()

    def unreadable(
        self, partitions: Mapping[TopicPartition, object]
    ) -> Mapping[TopicPartition, Unreadable]:
        """Return which of the assigned partitions cannot be read, and why."""
        now = time.monotonic()
        self._rests.keep(partitions)
        leader = self._consumer._client.cluster.leader_for_partition  # noqa: SLF001 - it has no public way to ask
        self._leaderless = {
            each: self._leaderless.get(each, now)
            for each in partitions
            if leader(Theirs(*each)) in {None, -1}
        }
        return {
            **{each: Unreadable(it.code, now - it.since) for each, it in self._rests},
            **{
                each: Unreadable(NO_LEADER, now - since) for each, since in self._leaderless.items()
            },
        }

    def _fetched(self, answer: Any) -> None:
        for topic, partitions in answer.topics:
            for number, code, *_ in partitions:
                partition = TopicPartition(topic, number)
                if code in {0, OFFSET_OUT_OF_RANGE}:
                    self._rests.read(partition)
                elif partition in self._consumer.assignment():
                    self._rest(partition, code)

    def _rest(self, partition: TopicPartition, code: int) -> None:
        pause = self._rests.failed(partition, code, time.monotonic())
        self._consumer.pause(Theirs(*partition))
        if partition in self._asking:
            self._asking[partition].cancel()
        loop = asyncio.get_running_loop()
        self._asking[partition] = loop.call_later(pause, self._ask_again, partition)

    def _ask_again(self, partition: TopicPartition) -> None:
        del self._asking[partition]
        fetched = self._consumer._fetcher._records  # noqa: SLF001 - what nobody polled is in the way there
        if isinstance(fetched.get(partition), FetchError):
            del fetched[partition]
        if partition not in self._held and partition in self._consumer.assignment():
            self._consumer.resume(Theirs(*partition))
