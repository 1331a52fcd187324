"""Topics, as they are and as the service needs them."""

from collections.abc import Mapping

import msgspec


class TopicState(msgspec.Struct, frozen=True):
    """A topic that is there.

    Attributes:
        replicas: Copies of the partition that has the fewest.
    """

    partitions: int
    replicas: int


class WantedTopic(msgspec.Struct, frozen=True):
    """A topic as the service makes it.

    Attributes:
        settings: What it needs, by the setting's name in Kafka: a text is the value itself, a
            number the least that will do (below zero stands for no limit).
        at_most: As settings, each with the most that will do.
    """

    name: str
    partitions: int
    settings: Mapping[str, str | int] = {}
    at_most: Mapping[str, float] = {}

    @property
    def config(self) -> dict[str, str]:
        """The settings it is created with."""
        return {name: f"{value}" for name, value in (*self.settings.items(), *self.at_most.items())}


class TopicFault(msgspec.Struct, frozen=True):
    """A fault of one of the service's own topics.

    Attributes:
        problem: A sentence without its subject and its full stop.
        remedy: What somebody can do about it.
        altered: The setting and the value that puts it right; None if no setting does.
    """

    problem: str
    remedy: str
    altered: tuple[str, str] | None = None
