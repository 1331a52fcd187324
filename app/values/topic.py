"""Topics, as they are and as the service needs them."""

from collections.abc import Mapping

import msgspec


class TopicState(msgspec.Struct, frozen=True):
    """A topic that is there."""

    partitions: int
    replicas: int  # copies of the partition that has the fewest


class WantedTopic(msgspec.Struct, frozen=True):
    """A topic as the service makes it."""

    name: str
    partitions: int
    # what it needs, by the setting's name in Kafka: a text is the value itself, a number the
    # least that will do (below zero stands for no limit)
    settings: Mapping[str, str | int] = {}
    at_most: Mapping[str, float] = {}  # as settings, each with the most that will do

    @property
    def config(self) -> dict[str, str]:
        """The settings it is created with."""
        return {name: f"{value}" for name, value in (*self.settings.items(), *self.at_most.items())}


class TopicFault(msgspec.Struct, frozen=True):
    """A fault of one of the service's own topics."""

    problem: str  # a sentence without its subject and its full stop
    remedy: str  # what somebody can do about it
    # the setting and the value that puts it right; None if no setting does
    altered: tuple[str, str] | None = None
