"""A user's rights on Kafka, in the words of Kafka's own tools."""

from enum import StrEnum


class Right(StrEnum):
    """An operation that an access rule allows."""

    DESCRIBE = "Describe"
    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    DELETE = "Delete"
    DESCRIBE_CONFIGS = "DescribeConfigs"
    ALTER_CONFIGS = "AlterConfigs"
