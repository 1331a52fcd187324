"""Sampling: asks Kafka every two seconds where logs end and what cannot be read."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from app.edges.kafka.consumer import Consumer
from app.engine.cluster.positions import Positions
from app.engine.inflight.assignment import Assignment
from app.values.clock import Clock
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

INTERVAL: Final = 2.0
RETURN_PATIENCE: Final = 60.0
"""Seconds for which each sample looks for a topic that is gone: a recreated one is mostly back at
once. Later it is noticed with the next refresh, within 30 s."""


class Sampler:
    """Keeps what is known of the partitions up to date.

    Args:
        somewhere: A partition that always exists: a worker without partitions asks about it, to
            know that Kafka answers.
    """

    def __init__(
        self,
        consumer: Consumer,
        assignment: Assignment,
        positions: Positions,
        somewhere: TopicPartition,
        clock: Clock,
        on_sample: Callable[[], Awaitable[None]],
    ) -> None:
        self._consumer = consumer
        self._assignment = assignment
        self._positions = positions
        self._somewhere = somewhere
        self._clock = clock
        self._on_sample = on_sample
        self._missing_since: float | None = None

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            try:
                await self._sample()
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                log.warning("%s", error)
            await self._on_sample()
            await asyncio.sleep(INTERVAL)

    def _look_for_missing(self) -> None:
        if not self._consumer.metadata.misses_topics:
            self._missing_since = None
            return
        now = self._clock.monotonic()
        if self._missing_since is None:
            self._missing_since = now
        if now - self._missing_since < RETURN_PATIENCE:
            self._consumer.metadata.learn_anew()

    async def _sample(self) -> None:
        self._look_for_missing()
        await self._positions.look()
        asked = self._assignment.partitions() or [self._somewhere]
        began = self._clock.monotonic()
        ends = await self._consumer.logs.known_ends(asked)
        ended = self._clock.monotonic()
        shorter = []
        for assigned in list(self._assignment):
            if (end := ends.get(assigned.partition)) is not None:
                assigned.saw_end(end, began, ended)
                if assigned.lacks(end):
                    shorter.append(assigned.partition)
            # Past what holds no records: nothing there waits to be fetched.
            position = await self._consumer.position(assigned.partition)
            if not assigned.reading:
                assigned.go_on_at(position)
            assigned.readable_end = self._consumer.readable_end(assigned.partition)
        await self._ask_what_is_hidden()
        if shorter:  # whoever fetches nothing there would not be told
            await self._positions.find(shorter)

    async def _ask_what_is_hidden(self) -> None:
        """Ask again where it seems that records are hidden.

        What was fetched last may be long ago, of a broker that is slow or lets this user wait for
        its quota: then there is more by now, and no transaction that hides it.
        """
        seem = [each for each in self._assignment if each.hidden]
        if not seem:
            return
        told = await self._consumer.logs.known_readable_ends([each.partition for each in seem])
        for assigned in seem:
            assigned.readable_end = told.get(assigned.partition)
