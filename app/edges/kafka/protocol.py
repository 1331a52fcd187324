"""Requests of Kafka's protocol that aiokafka 0.14 does not have, built from its own parts."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import TopicPartition as Theirs
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Schema, TaggedFields

from app.values.record import TopicPartition

TEXT: Final = CompactString("utf-8")
TAGS: Final = ("tags", TaggedFields)
NO_TAGS: Final[Mapping[int, bytes]] = {}


def rows(*fields: tuple[str, Any]) -> CompactArray:
    """Return the form of a list whose entries have these fields, and end in tags."""
    return CompactArray(*fields, TAGS)


class RawRequest(Request[RequestStruct]):  # type: ignore[misc]  # aiokafka ships no types
    """One request, sent if the broker speaks its version: else aiokafka raises."""

    API_KEY = -1

    def __init__(self, form: type[RequestStruct], *values: object) -> None:
        self.API_KEY = form.API_KEY
        self._CLASSES = (form,)
        self._values = values

    def build(self, request_struct_class: type[RequestStruct]) -> RequestStruct:
        """See ``Request``."""
        return request_struct_class(*self._values)


def form_of(
    api_key: int, version: int, request: Schema, answer: Schema, *, flexible: bool = True
) -> type[RequestStruct]:
    """Return the form of a request and its answer; flexible ones have tags in their heads."""
    place = {"API_KEY": api_key, "API_VERSION": version}
    answers = type("Answer", (Response,), {**place, "SCHEMA": answer})
    said = {"SCHEMA": request, "RESPONSE_TYPE": answers, "FLEXIBLE_VERSION": flexible}
    return type("Question", (RequestStruct,), place | said)


def by_topic(partitions: Iterable[TopicPartition]) -> dict[str, list[int]]:
    """Return the numbers of partitions by their topics."""
    topics: dict[str, list[int]] = {}
    for topic, number in partitions:
        topics.setdefault(topic, []).append(number)
    return topics


def by_leader(
    client: Any, partitions: Iterable[TopicPartition]
) -> tuple[dict[int, list[TopicPartition]], list[TopicPartition]]:
    """Return partitions by the brokers that lead them, and those that have no leader now."""
    led: dict[int, list[TopicPartition]] = {}
    leaderless = []
    for partition in partitions:
        leader = client.cluster.leader_for_partition(Theirs(*partition))
        if leader is None or leader < 0:
            leaderless.append(partition)
        else:
            led.setdefault(leader, []).append(partition)
    return led, leaderless
