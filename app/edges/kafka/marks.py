"""The marks of replayed dead letters, read from the group's control topic."""

from collections.abc import Mapping

from app.edges.kafka.connection import Connection
from app.edges.kafka.follower import Follower
from app.policies.service.replaying import read_mark
from app.values.record import Record
from app.values.replay import Place, ReplayMark


class ReplayMarks:
    """Knows which dead letters were replayed; reads only new marks each time.

    Args:
        connection: How to reach Kafka.
        topic: The control topic; while it is not there, nothing was replayed.
    """

    def __init__(self, connection: Connection, topic: str) -> None:
        self._marks: dict[Place, ReplayMark] = {}
        self._log = Follower(connection, topic, "the marks of replays")

    async def read(self) -> Mapping[Place, ReplayMark]:
        """Return the mark of each dead letter that was replayed, by its place.

        Raises:
            KafkaUnavailableError: Kafka did not answer in time.
            KafkaRefusedError: Reading the topic is not allowed.
        """
        await self._log.read(self._take)
        return self._marks

    def _take(self, record: Record) -> None:
        if (mark := read_mark(record)) is not None:
            self._marks[mark[0]] = mark[1]
