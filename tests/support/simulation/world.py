"""Everything together: a cluster, destinations, workers, and what can befall them."""

import asyncio
from random import Random

import msgspec
from msgspec.structs import replace

from app.values.record import TopicPartition
from tests.support.simulation.books import TOPIC, Books, Published
from tests.support.simulation.clocks import Clocks
from tests.support.simulation.cluster import Cluster
from tests.support.simulation.destinations import CHATS, HOOKS, READERS, Destinations
from tests.support.simulation.group import Group, Shares
from tests.support.simulation.inside import let_others_pass
from tests.support.simulation.logs import LogFaults
from tests.support.simulation.loop import continue_process, now, stop_process
from tests.support.simulation.pauses import Pauses
from tests.support.simulation.process import Keep, Limits, Process
from tests.support.simulation.story import Fault, Story

REMEMBERED = 10.0
"""Seconds after an outage of Kafka in which a commit of before may be missing."""
UNTIL_BURIED = 10.0
"""Seconds after which the group takes a crashed worker for dead."""
LARGE_ONES = 0.1
"""How often a notification is too large for the topics of the group's own."""
LOOKS_LATE = 3.0
"""Seconds after a rebalance, or an outage, until a worker has seen where the logs end."""
TWICE = 0.1
"""How often a producer writes a record a second time."""


class World:
    """What happens happens here, and whoever it excuses is excused at once.

    Args:
        chance: What happens by chance.
        odd: The same, for clocks and sizes.
        losses: The same, for what Kafka loses.
        pauses: The same, for what operators do with destinations.
        limits: How its workers are set up.
    """

    # takes what workers write to the history; None where none is kept
    keep_history: Keep | None = None

    def __init__(
        self, chance: Random, odd: Random, losses: Random, pauses: Random, limits: Limits
    ) -> None:
        self.story = Story()
        self.destinations = Destinations(chance)
        self.clocks = Clocks(odd)
        self.books = Books(self.destinations, self.clocks, self.story)
        self.cluster = Cluster(chance, self.clocks, self.books)
        self.group = Group(self.cluster, self._shared)
        self._logs = LogFaults(losses, self.cluster, self.books, self.story)
        self.processes: list[Process] = []
        # what operators have said about destinations
        self.pauses = Pauses(pauses, self.clocks, self.books, self.story, self.processes)
        self.books.known_end = self._known_end
        self._chance = chance
        self._odd = odd
        self._limits = limits
        self._published = 0
        self._outage_until = -REMEMBERED

    @property
    def alive(self) -> list[Process]:
        """The workers that did not crash."""
        return [process for process in self.processes if not process.crashed]

    def process(self) -> Process:
        """Return a new worker."""
        made = Process(
            f"w{len(self.processes)}",
            self.group,
            self.destinations,
            self.books,
            self.story,
            self._limits,
            self.keep_history,
        )
        self.processes.append(made)
        self.pauses.teach(made)
        return made

    def faults(self) -> list[Fault]:
        """Return what is wrong now."""
        seen = [Fault(f"{each.name}: {text}") for each in self.processes for text in each.faults()]
        return self.books.faults + seen

    def publish(self) -> Published:
        """Publish one notification to some targets, and return it."""
        self._published += 1
        chance, name = self._chance, f"m{self._published}"
        key = chance.choice((None, None, "k1", "k2"))
        targets = self._targets()
        priority = chance.choice((0, 1, 1, 1, 3))
        notification = Published(name, targets, key, priority == 3, chance.random() < TWICE)
        envelope = self._envelope(notification, priority)
        if (ttl := envelope.get("ttl_seconds")) is not None:
            notification = replace(notification, expires=now() + float(str(ttl)))
        self.books.publish(notification)
        if self._odd.random() < LARGE_ONES:
            envelope["size"] = "large"
        value = msgspec.json.encode(envelope)
        for _ in range(1 + notification.twice):
            self.cluster.append(TOPIC, (key or name).encode(), value)
        return notification

    def _known_end(self, partition: TopicPartition) -> int:
        topic_id = self.cluster.topic_id(partition.topic)
        read = (each.known_end(partition, topic_id) for each in self.processes)
        return max(self._logs.known_end(partition), *read, 0)

    def _targets(self) -> tuple[tuple[str, str], ...]:
        chance = self._chance
        targets: list[tuple[str, str]] = []
        if chance.random() < 0.7:
            targets.append(("webhook", chance.choice((*HOOKS, *CHATS))))
        if chance.random() < 0.4 or not targets:
            readers = chance.sample(READERS, chance.randint(1, len(READERS)))
            targets += [("email", reader) for reader in readers]
        return tuple(targets)

    def _envelope(self, notification: Published, priority: int) -> dict[str, object]:
        chance = self._chance
        readers = [address for channel, address in notification.targets if channel == "email"]
        hooks = [address for channel, address in notification.targets if channel == "webhook"]
        envelope: dict[str, object] = {
            "message_id": notification.name,
            "content": notification.name,
            "channels": sorted({channel for channel, _ in notification.targets}),
            "kwargs": {"to": readers} | ({"webhook_url": hooks[0]} if hooks else {}),
            "priority": priority,
        }
        if notification.key is not None:
            envelope["ordering_key"] = notification.key
        if chance.random() < 0.1:
            envelope["ttl_seconds"] = chance.choice((1, 20, 200))
        return envelope

    def disturb(self) -> None:
        """Let some clock jump, now and then, and Kafka lose something."""
        if (told := self.clocks.disturb()) is not None:
            self.story.tell(told)
        self._logs.disturb()
        self.pauses.disturb()

    async def crash(self, process: Process) -> None:
        """Kill a worker, and start another once the group knows.

        What it had begun and not committed may come again.
        """
        self._excuse_what_it_has(process)
        member = process.consumer
        process.crash()
        await asyncio.sleep(UNTIL_BURIED)
        if member is not None:
            await self.group.leave(member)
        await process.stop(drain=False)
        await self.process().start()

    async def lose(self, process: Process, seconds: float) -> None:
        """Let the group take a worker for dead that lives."""
        if process.consumer is None:
            return
        self.story.tell(f"* {process.name} is lost for {seconds:.1f} s")
        self._excuse_what_it_has(process)
        await self.group.lose(process.consumer, seconds)

    async def stand_still(self, process: Process, seconds: float, until_heard: float) -> None:
        """Stop a process for longer than its session; it goes on, and hears of that a little later.

        What waits in it is nobody's excuse: it has to hear first.
        """
        member = process.consumer
        if member is None or self.group.is_rebalancing or member not in self.group.members:
            return
        self.story.tell(f"* {process.name} stands still for {seconds:.1f} s")
        self._excuse_what_it_has(process, begun=True)
        process.stands_still = True
        stop_process(process.name)
        asyncio.get_running_loop().call_later(seconds, self._wake, process)
        await self.group.lose(member, seconds + until_heard)
        process.stands_still = False

    def _wake(self, process: Process) -> None:
        self.story.tell(f"* {process.name} goes on")
        continue_process(process.name)

    async def restart(self, process: Process, seconds: float, *, drain: bool) -> None:
        """Stop a worker as an operator does, and start it again after a while."""
        self.story.tell(f"* {process.name} is stopped, drain={drain}")
        await process.stop(drain=drain)
        await asyncio.sleep(seconds)
        if not self.group.members:
            self._logs.forget()
        await process.start()

    async def be_away(self, seconds: float) -> None:
        """Let Kafka be away; commits under way then may or may not have been taken."""
        self.story.tell(f"* Kafka is away for {seconds} s")
        self.cluster.there.clear()
        self._outage_until = max(self._outage_until, now() + seconds)
        await asyncio.sleep(seconds)
        self.cluster.there.set()
        self._unwatched()

    def _unwatched(self) -> None:
        late = max(now(), self._outage_until) + LOOKS_LATE
        self.books.unwatched_until = max(self.books.unwatched_until, late)

    def _excuse_what_it_has(self, process: Process, *, begun: bool = False) -> None:
        for partition in process.inside.partitions():
            self.books.excuse_uncommitted(partition)
        for item in process.inside.items():
            name = self.books.name(item.record)
            if item.started or not begun:
                self.books.excused.add(name)
            if let_others_pass(item):
                self.books.put_aside.add(name)

    def _shared(self, shares: Shares) -> None:
        """Excuse what was under way of partitions that move to somebody else."""
        self._unwatched()
        for process in self.processes:
            staying = process.consumer is not None and process.inside.staying
            kept = shares.get(process.consumer, ()) if process.consumer and staying else ()
            under_way, put_aside = process.inside.let_go()
            moving = {
                self.books.name(item.record)
                for partition, items in under_way.items()
                if partition not in kept
                for item in items
            }
            self.books.excused |= moving
            self.books.put_aside |= {self.books.name(item.record) for item in put_aside}
            for partition, offsets in process.inside.left_alone().items():
                if partition not in kept:
                    self.books.excused |= self.books.names_at(partition, offsets)
            if kept:
                has = ", ".join(f"{topic}/{number}" for topic, number in sorted(kept))
                self.story.tell(f"* {process.name} has {has}")
        if now() < self._outage_until + REMEMBERED:
            self.books.excuse_everything_uncommitted()
