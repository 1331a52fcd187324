"""Requests of Kafka's protocol that aiokafka 0.14 does not have, built from its own parts."""

from collections.abc import Mapping
from typing import Any, ClassVar

from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    String,
    TaggedFields,
)

from app.edges.kafka.topic_ids import Uuid

_SET = 0  # the operation that gives a setting a value

_TEXT = String("utf-8")
_COMPACT = CompactString("utf-8")


class _AlterResponse(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 44
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "responses",
            Array(
                ("error_code", Int16),
                ("error_message", _TEXT),
                ("resource_type", Int8),
                ("resource_name", _TEXT),
            ),
        ),
    )


class _AlterStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 44
    API_VERSION = 0
    RESPONSE_TYPE = _AlterResponse
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", _TEXT),
                ("configs", Array(("name", _TEXT), ("operation", Int8), ("value", _TEXT))),
            ),
        ),
        ("validate_only", Boolean),
    )


class AlterTopicSettings(Request[_AlterStruct]):  # type: ignore[misc]
    """Changes the named settings of topics and leaves their others alone (KIP-339).

    aiokafka's own ``alter_configs`` takes away every setting that it does not name.

    Args:
        settings: By topic and name; a topic with none is asked about all the same.
    """

    API_KEY = 44

    def __init__(
        self, settings: Mapping[str, Mapping[str, str]], *, validate_only: bool = False
    ) -> None:
        self._settings = settings
        self._validate_only = validate_only

    def build(self, request_struct_class: type[_AlterStruct]) -> _AlterStruct:
        """See ``Request``."""
        resources = [
            (
                ConfigResourceType.TOPIC,
                topic,
                [(name, _SET, value) for name, value in settings.items()],
            )
            for topic, settings in self._settings.items()
        ]
        return request_struct_class(resources, self._validate_only)


_ASSIGNMENT = Schema(
    (
        "topic_partitions",
        CompactArray(
            ("topic_id", Uuid),
            ("topic_name", _COMPACT),
            ("partitions", CompactArray(Int32)),
            ("tags", TaggedFields),
        ),
    ),
    ("tags", TaggedFields),
)
_MEMBER = (
    ("member_id", _COMPACT),
    ("instance_id", _COMPACT),
    ("rack_id", _COMPACT),
    ("member_epoch", Int32),
    ("client_id", _COMPACT),
    ("client_host", _COMPACT),
    ("subscribed_topic_names", CompactArray(_COMPACT)),
    ("subscribed_topic_regex", _COMPACT),
    ("assignment", _ASSIGNMENT),
    ("target_assignment", _ASSIGNMENT),
)


class _DescribeResponse(Response):  # type: ignore[misc]
    API_KEY = 69
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "groups",
            CompactArray(
                ("error_code", Int16),
                ("error_message", _COMPACT),
                ("group_id", _COMPACT),
                ("group_state", _COMPACT),
                ("group_epoch", Int32),
                ("assignment_epoch", Int32),
                ("assignor_name", _COMPACT),
                ("members", CompactArray(*_MEMBER, ("tags", TaggedFields))),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 69
    API_VERSION = 0
    FLEXIBLE_VERSION: ClassVar[bool] = True
    RESPONSE_TYPE = _DescribeResponse
    SCHEMA = Schema(
        ("group_ids", CompactArray(_COMPACT)),
        ("include_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class DescribeNewGroup(Request[_DescribeStruct]):  # type: ignore[misc]
    """Asks about a group whose members use the protocol of KIP-848, which DescribeGroups hides."""

    API_KEY = 69

    def __init__(self, group_id: str) -> None:
        self._group_id = group_id

    def build(self, request_struct_class: type[_DescribeStruct]) -> Any:
        """See ``Request``."""
        return request_struct_class([self._group_id], False, {})
