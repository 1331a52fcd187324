"""Errors of Kafka's protocol that aiokafka 0.14 does not know.

It knows the codes up to 72 and 79, and calls every other ``UnknownError``, without its number: what
was wrong is lost before anybody can say it. Those that a client of this service may meet are added
to its table.
"""

from aiokafka import errors as kafka


class UnsupportedCompressionTypeError(kafka.BrokerResponseError):  # type: ignore[misc]  # aiokafka ships no types
    """The topic's record format does not go with the compression."""

    errno = 76
    message = "UNSUPPORTED_COMPRESSION_TYPE"


class GroupMaxSizeReachedError(kafka.BrokerResponseError):  # type: ignore[misc]
    """The group has as many members as the brokers allow."""

    errno = 81
    message = "GROUP_MAX_SIZE_REACHED"


class InvalidRecordError(kafka.BrokerResponseError):  # type: ignore[misc]
    """The topic does not take such a record: a compacted one takes none without a key."""

    errno = 87
    message = "INVALID_RECORD"


class ThrottlingQuotaExceededError(kafka.BrokerResponseError):  # type: ignore[misc]
    """This user asks for more changes than its quota allows."""

    errno = 89
    message = "THROTTLING_QUOTA_EXCEEDED"
    retriable = True


_ADDED: tuple[type[kafka.BrokerResponseError], ...] = (
    UnsupportedCompressionTypeError,
    GroupMaxSizeReachedError,
    InvalidRecordError,
    ThrottlingQuotaExceededError,
)


def add_error_codes() -> None:
    """Let aiokafka tell these errors from unknown ones."""
    kafka.kafka_errors.update({each.errno: each for each in _ADDED})
