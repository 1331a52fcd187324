"""The consumer group: who is a member, and who has which partitions."""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Protocol

from aiokafka import TopicPartition as Theirs

from tests.support.simulation.cluster import Cluster


class Member(Protocol):
    """A member as the group sees it."""

    dead: bool  # it has left, or its process has crashed
    lost: bool  # the group took it for dead, and it does not know yet

    @property
    def topics(self) -> list[str]:
        """What it wants to read."""

    @property
    def takes_part(self) -> bool:
        """Whether it has not let go of its partitions already."""

    async def let_go(self) -> None:
        """Give everything back; the group waits for it."""

    async def take(self, share: set[Theirs], generation: int) -> None:
        """Begin with what it is given."""


Shares = Mapping[Member, set[Theirs]]


class Group:
    """Members that share the partitions anew whenever one comes or goes.

    Attributes:
        members: Those that the coordinator knows.
        generation: How often partitions were given out.
        on_shares: Called when everything was taken away, with what each member gets next.
    """

    def __init__(self, cluster: Cluster, on_shares: Callable[[Shares], None]) -> None:
        self.cluster = cluster
        self.members: list[Member] = []
        self.generation = 0
        self._on_shares = on_shares
        self._rebalancing = asyncio.Lock()
        self._going_on: set[asyncio.Task[None]] = set()

    @property
    def is_rebalancing(self) -> bool:
        """Whether partitions are being given out."""
        return self._rebalancing.locked()

    async def rebalance(self) -> None:
        """Take everything away from everybody, and give it out anew.

        It goes on whether or not somebody still waits for it: it is the coordinator's business.
        """
        nobody = Context()
        going_on = asyncio.create_task(self._rebalance(), name="rebalance", context=nobody)
        self._going_on.add(going_on)
        going_on.add_done_callback(self._going_on.discard)
        await asyncio.shield(going_on)

    async def _rebalance(self) -> None:
        async with self._rebalancing:
            await asyncio.gather(*(each.let_go() for each in self.members if each.takes_part))
            self.generation += 1
            shares = self._shares()
            self._on_shares(shares)
            await asyncio.gather(
                *(member.take(share, self.generation) for member, share in shares.items())
            )

    def _shares(self) -> dict[Member, set[Theirs]]:
        members = [member for member in self.members if not member.dead]
        shares: dict[Member, set[Theirs]] = {member: set() for member in members}
        topics = {topic for member in members for topic in member.topics}
        for number, partition in enumerate(self.cluster.partitions(topics)):
            shares[members[number % len(members)]].add(Theirs(*partition))
        return shares

    async def join(self, member: Member) -> None:
        """Let a member in."""
        self.members.append(member)
        await self.rebalance()

    async def leave(self, member: Member) -> None:
        """Let a member go; the others share what it had."""
        if member in self.members:
            self.members.remove(member)
            await self.rebalance()

    async def lose(self, member: Member, seconds: float) -> None:
        """Take a member for dead that lives: it notices only after a while, and joins again."""
        if member not in self.members:
            return
        self.members.remove(member)
        member.lost = True
        await self.rebalance()
        await asyncio.sleep(seconds)
        if member.dead:
            return
        await member.let_go()
        member.lost = False
        await self.join(member)
