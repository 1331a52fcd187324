"""The brokers' clock: asked for its time, and compared with this machine's clock."""

import asyncio
import logging

from app.edges.kafka.producer import Producer
from app.engine.clock import EngineClock
from app.engine.conditions import Conditions
from app.policies.limits.broker_clock import PATIENCE
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import Record

log = logging.getLogger(__name__)

KIND = "clock"
QUESTION = b"clock"
"""The key of a record without a value: compaction keeps one of them, and nobody reads it."""
FRESH = 60.0
"""Seconds for which a broker's word is good; after it the brokers' clock may have been set."""
LOOK_SECONDS = 5.0
LASTING = 600.0
"""Seconds after which records from the future are forgotten."""


class ClockWatch:
    """Learns the brokers' time, and warns if a clock differs from it.

    Kafka tells the time to whoever writes to a topic with ``LogAppendTime``, and in no other way.

    Args:
        producer: Writes the question; whoever owns it sets that clock by the answer.
    """

    def __init__(
        self, producer: Producer, topic: str, clock: EngineClock, conditions: Conditions
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._clock = clock
        self._conditions = conditions
        self._asked_at = clock.monotonic() - FRESH
        self._future_until: dict[str, float] = {}

    async def ask(self) -> None:
        """Ask a broker for the time, unless one has said it just now; never raises."""
        now = self._clock.monotonic()
        age = self._clock.broker_age()
        if now - self._asked_at < FRESH or (age is not None and age < FRESH):
            return
        self._asked_at = now
        try:
            await self._producer.send(self._topic, QUESTION, None)
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.info("the brokers' time is not known now: %s", error)

    async def run(self) -> None:
        """Ask and compare until cancelled."""
        while True:
            await self.ask()
            self.compare()
            await asyncio.sleep(LOOK_SECONDS)

    def compare(self) -> None:
        """Compare this machine's clock with the brokers', and forget old findings."""
        now = self._clock.monotonic()
        for topic, end in list(self._future_until.items()):
            if end <= now:
                del self._future_until[topic]
                self._conditions.end(KIND, topic)
        ahead = self._clock.ahead_of_brokers()
        if ahead is None or abs(ahead) <= PATIENCE:
            self._conditions.end(KIND)
            return
        off = (
            f"this machine's clock is {ahead:.0f} s ahead of the brokers'"
            if ahead > 0
            else f"this machine's clock is {-ahead:.0f} s behind the brokers'"
        )
        self._conditions.begin(
            KIND,
            f"{off}: what is due and what has expired goes by theirs, but logs, pages and"
            " signatures by this machine's; set the one that is wrong (NTP)",
        )

    def check(self, newest: Record) -> None:
        """Warn if a record that was fetched just now is from the future."""
        ahead = newest.timestamp - self._clock.broker_now()
        if ahead <= PATIENCE:
            return
        now = self._clock.monotonic()
        topic = newest.partition.topic
        self._future_until[topic] = now + LASTING
        known = self._clock.broker_age() is not None
        whose, which = ("the brokers'", "") if known else ("this machine's", ", or this one")
        self._conditions.begin(
            KIND,
            f"records of {topic} have timestamps that are {ahead:.0f} s ahead of {whose} clock: a"
            f" producer's clock is wrong{which}; a lifetime that counts from there ends as much"
            " later; set the one that is wrong (NTP)",
            subject=topic,
        )
