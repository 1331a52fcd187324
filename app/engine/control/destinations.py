"""Destinations for operators: listed, paused, resumed, tested."""

import logging
from typing import Final

from app.edges.kafka.producer import Producer
from app.engine.clock import EngineClock
from app.engine.control.board import Board
from app.engine.control.destination_test import DestinationTest
from app.engine.control.known_destinations import Known, KnownDestinations
from app.policies.books.pauses import Pausing, pausing_entry
from app.values.destinations import (
    DestinationAnswer,
    DestinationPage,
    DestinationSort,
    DestinationView,
)
from app.values.snapshot import AttemptStatus, DestinationState

log = logging.getLogger(__name__)

LIMIT: Final = 50


class DestinationDesk:
    """Lists the destinations that this worker knows; pauses, resumes and tests them.

    A pause holds in the whole group: it is written to the control topic.
    """

    def __init__(
        self,
        known: KnownDestinations,
        test: DestinationTest,
        board: Board,
        producer: Producer,
        topic: str,
        group_id: str,
        clock: EngineClock,
    ) -> None:
        self._known = known
        self._test = test
        self._board = board
        self._producer = producer
        self._topic = topic
        self._group_id = group_id
        self._clock = clock

    async def page(
        self,
        *,
        query: str | None = None,
        state: DestinationState | None = None,
        sort: DestinationSort = DestinationSort.WORST,
        limit: int = LIMIT,
        cursor: int = 0,
    ) -> DestinationPage:
        """Return destinations.

        Args:
            query: Text looked for in name, address, channel, id and last error, in any case.
        """
        await self._known.learn_names()
        needle = query.casefold() if query else ""
        found = [
            each
            for each in self._known
            if (state is None or each.state is state)
            and (not needle or self._known.matches(each, needle))
        ]
        found.sort(key=self._known.order(sort))
        end = cursor + limit
        shown = tuple(map(self._known.view, found[cursor:end]))
        return DestinationPage(shown, len(found), end if end < len(found) else None)

    async def get(self, identity: str) -> DestinationView:
        """Return one destination.

        Raises:
            UnknownDestinationError: This worker knows none with this id.
        """
        await self._known.learn_names()
        return self._known.view(self._known.find(identity))

    def check_label(self, label: str) -> None:
        """Check that a destination is shown by this redacted address.

        Raises:
            UnknownDestinationError: None is that this worker knows.
        """
        self._known.check_label(label)

    async def pause(self, identity: str, by: str) -> DestinationView:
        """Send nothing to it, on every worker of the group and over restarts.

        Raises:
            UnknownDestinationError: This worker knows none with this id.
            KafkaUnavailableError, KafkaRefusedError: Kafka did not acknowledge it.
        """
        known = self._known.find(identity)
        if known.pause is None:
            known = known._replace(pause=await self._say(known, by, paused=True))
        await self._known.learn_names()
        return self._known.view(known)

    async def resume(self, identity: str, by: str) -> DestinationView:
        """Go on: what waits for it is due at once, and it is asked again whatever it has said.

        Raises:
            UnknownDestinationError: This worker knows none with this id.
            KafkaUnavailableError, KafkaRefusedError: Kafka did not acknowledge it.
        """
        known = self._known.find(identity)
        await self._say(known, by, paused=False)
        return self._known.view(known._replace(pause=None))

    async def test(self, identity: str, by: str) -> DestinationAnswer:
        """Send one test notification to it, paused or not; its limits hold for that, too.

        Raises:
            UnknownDestinationError: This worker knows none with this id.
            UntestableError: It is not known to whom the notification would go.
        """
        known = self._known.find(identity)
        status, said, duration = await self._test.run(known, by)
        log.info("%s was tested by %s: %s", known.label, by, said or "it accepted that")
        accepted = status is AttemptStatus.DELIVERED
        return DestinationAnswer(accepted, status, said, duration, await self.get(identity))

    async def _say(self, known: Known, by: str, *, paused: bool) -> Pausing:
        """Write an operator's word down, and return it once Kafka has it."""
        word = Pausing(paused, by, self._clock.now(), known.channel, known.label)
        await self._producer.send(self._topic, *pausing_entry(self._group_id, known.id, word))
        log.info("%s was %s by %s", known.label, "paused" if paused else "resumed", by)
        await self._board.known()  # this worker respects it from here on
        return word
