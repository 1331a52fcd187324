"""Tells the operator what keeps notifications from being delivered, and when it is over."""

import asyncio
from collections.abc import Sequence
from typing import Final

from app.engine.clock import EngineClock
from app.engine.notices.exchange import Exchange
from app.engine.notices.post import Post, Sender
from app.engine.notices.watch import Watch
from app.engine.observer import Observer
from app.engine.tasks import Spawn
from app.policies.service.notices import Rules, Watchlist, together
from app.values.notice import Matter, Report

LOOK_SECONDS: Final = 2.0


class Notices:
    """Watches this worker and the other workers' reports; sends the notices that are due.

    One worker speaks for the group. A worker that has lost Kafka speaks for itself.

    Args:
        addresses: The operator's: URLs and mail addresses.
        exchange: Has the other workers' reports; None if there are no others.
    """

    def __init__(
        self,
        watch: Watch,
        addresses: Sequence[str],
        sender: Sender,
        exchange: Exchange | None,
        rules: Rules,
        clock: EngineClock,
        observer: Observer,
        *,
        spawn: Spawn,
    ) -> None:
        self._watch = watch
        self._exchange = exchange
        self._rules = rules
        self._clock = clock
        self._observer = observer
        self._spawn = spawn
        self._posts = [
            Post(each, rules, sender, clock, spawn, on_told=self._told) for each in addresses
        ]
        self._group: Watchlist | None = None
        self._unwritten = False

    async def run(self) -> None:
        """Watch and notify until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the operator is to hear of what comes next
                self._observer.fault("telling the operator", error)

    async def look(self) -> None:
        """Look once, and begin to send the notices that are due."""
        if self._watch.stopped:
            self._group = None
            return
        seen, alone = self._watch.look()
        group = await self._seen_by_group(seen)
        for post in self._posts:
            post.tell(alone, group)

    async def _seen_by_group(self, seen: Report) -> Sequence[Matter] | None:
        """Return what the group's workers see; None if another one speaks for them."""
        if not self._watch.speaks:
            self._group = None
            if self._exchange is not None and self._watch.joined:
                await self._exchange.report(seen)
            return None
        reports = [seen]
        if self._exchange is not None:
            if not await self._agree(self._exchange):
                return None
            reports += await self._exchange.reports(but=seen.worker)
        now = self._clock.now()
        if self._group is None:
            self._group = Watchlist(self._rules)
            for post in self._posts:
                self._group.resume(post.told.values(), now)
        found, fine = together(reports)
        self._group.look(found, fine | self._watch.fine, now)
        return self._group.matters

    async def _agree(self, exchange: Exchange) -> bool:
        """Go on with what whoever spoke before has told, and write down what is told now."""
        if self._group is None:
            stored = await exchange.told()
            if stored is None:
                return False
            for post in self._posts:
                post.resume(stored.get(post.name))
        elif self._unwritten:
            await self._write(exchange)
        return True

    def _told(self) -> None:
        """Write down at once what was told: whoever speaks next is to know it."""
        self._unwritten = True
        if self._exchange is not None:
            self._spawn(self._write(self._exchange), "write down what the operator was told")

    async def _write(self, exchange: Exchange) -> None:
        self._unwritten = False
        told = {post.name: post.told.values() for post in self._posts}
        self._unwritten = not await exchange.write_told(told) or self._unwritten
