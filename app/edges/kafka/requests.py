"""Requests that several modules make: settings of topics changed, and a group described."""

from collections.abc import Mapping

from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    Int8,
    Int16,
    Int32,
    Schema,
    String,
)

from app.edges.kafka.protocol import NO_TAGS, TAGS, TEXT, RawRequest, form_of, rows
from app.edges.kafka.topic_ids import Uuid

_SET = 0  # the operation that gives a setting a value
_STRING = String("utf-8")

_ALTER = form_of(
    44,
    0,
    Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", _STRING),
                ("configs", Array(("name", _STRING), ("operation", Int8), ("value", _STRING))),
            ),
        ),
        ("validate_only", Boolean),
    ),
    Schema(
        ("throttle_time_ms", Int32),
        (
            "responses",
            Array(
                ("error_code", Int16),
                ("error_message", _STRING),
                ("resource_type", Int8),
                ("resource_name", _STRING),
            ),
        ),
    ),
    flexible=False,
)

_ASSIGNMENT = Schema(
    (
        "topic_partitions",
        rows(("topic_id", Uuid), ("topic_name", TEXT), ("partitions", CompactArray(Int32))),
    ),
    TAGS,
)
_MEMBERS = rows(
    ("member_id", TEXT),
    ("instance_id", TEXT),
    ("rack_id", TEXT),
    ("member_epoch", Int32),
    ("client_id", TEXT),
    ("client_host", TEXT),
    ("subscribed_topic_names", CompactArray(TEXT)),
    ("subscribed_topic_regex", TEXT),
    ("assignment", _ASSIGNMENT),
    ("target_assignment", _ASSIGNMENT),
)
_GROUPS = rows(
    ("error_code", Int16),
    ("error_message", TEXT),
    ("group_id", TEXT),
    ("group_state", TEXT),
    ("group_epoch", Int32),
    ("assignment_epoch", Int32),
    ("assignor_name", TEXT),
    ("members", _MEMBERS),
    ("authorized_operations", Int32),
)
_DESCRIBE = form_of(
    69,
    0,
    Schema(("group_ids", CompactArray(TEXT)), ("include_authorized_operations", Boolean), TAGS),
    Schema(("throttle_time_ms", Int32), ("groups", _GROUPS), TAGS),
)


def alter_topic_settings(
    settings: Mapping[str, Mapping[str, str]], *, validate_only: bool = False
) -> RawRequest:
    """Change the named settings of topics and leave their others alone (KIP-339).

    aiokafka's own ``alter_configs`` takes away every setting that it does not name.

    Args:
        settings: By topic and name; a topic with none is asked about all the same.
    """
    resources = [
        (ConfigResourceType.TOPIC, topic, [(name, _SET, value) for name, value in wanted.items()])
        for topic, wanted in settings.items()
    ]
    return RawRequest(_ALTER, resources, validate_only)


def describe_new_group(group_id: str) -> RawRequest:
    """Ask about a group whose members use KIP-848's protocol, which DescribeGroups hides."""
    return RawRequest(_DESCRIBE, [group_id], False, NO_TAGS)
