"""aiokafka's exceptions, translated into this service's own."""

import asyncio
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from aiokafka import errors as kafka

from app.edges.kafka.error_codes import InvalidRecordError, UnsupportedCompressionTypeError
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError

_ADDRESS = re.compile(r"\('([^']*)', (\d+), <AddressFamily[^>]*>\)")
_NUMBER = re.compile(r"^\[Error \d+\] ")  # Kafka's; its name follows
_NAME = re.compile(r"\w+")
_ERRNO = re.compile(r"\[Errno (\d+)\]")


class NoBrokerError(kafka.KafkaConnectionError):  # type: ignore[misc]  # aiokafka ships no types
    """No bootstrap address leads to a broker; the text says what became of each."""


class RefusedRecordError(kafka.KafkaError):  # type: ignore[misc]  # aiokafka ships no types
    """The topic takes no such record; the text is Kafka's own."""


REFUSALS: tuple[type[Exception], ...] = (
    kafka.AuthenticationFailedError,
    kafka.AuthenticationMethodNotSupported,
    kafka.ClusterAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.IncompatibleBrokerVersion,
    kafka.InvalidTimestampError,
    kafka.InvalidTopicError,
    kafka.PolicyViolationError,
    RefusedRecordError,
    kafka.SaslAuthenticationFailed,
    kafka.TopicAuthorizationFailedError,
    kafka.UnsupportedSaslMechanismError,
    kafka.UnsupportedVersionError,
    InvalidRecordError,
    UnsupportedCompressionTypeError,
)

TOO_LARGE: tuple[type[Exception], ...] = (
    kafka.MessageSizeTooLargeError,
    kafka.RecordListTooLargeError,
)

_READ: Final = "Describe and Read"

_WORDS: Final[Mapping[str, str]] = {
    "ClusterAuthorizationFailedError": (
        "brokers before Kafka 2.8 want the right IdempotentWrite on the cluster from whoever"
        " writes: allow it"
    ),
    "GroupMaxSizeReachedError": (
        "the group has as many members as the brokers allow: stop one of them, or raise the"
        " brokers' group.max.size"
    ),
    "IncompatibleBrokerVersion": (
        "the broker does not know this request: it is too old for this service, or it is the"
        " embedded broker of another worker, which serves that one alone: use Apache Kafka"
    ),
    "InconsistentGroupProtocolError": (
        "the group's other members divide its partitions in a way that this worker does not know"
        " (it takes the assignor roundrobin alone), or the group is none of consumers: some other"
        " program uses this group id. Give this service one of its own (NOTIFIER_KAFKA__GROUP_ID),"
        " or stop the other program"
    ),
    "InvalidGroupIdError": "the brokers do not take this group id: set NOTIFIER_KAFKA__GROUP_ID",
    "InvalidRecordError": (
        "the topic does not take such a record; a topic that is compacted takes none without a"
        " key: set its cleanup.policy to delete"
    ),
    "InvalidSessionTimeoutError": (
        "the brokers do not allow sessions of 10 s: let group.min.session.timeout.ms and"
        " group.max.session.timeout.ms include it"
    ),
    "InvalidTimestampError": (
        "the clocks of this machine and of the topic's records are further apart than the topic"
        " allows: set this machine's clock, or the topic's message.timestamp.type to LogAppendTime"
    ),
    "KafkaStorageError": "a broker cannot use its disk: its log says why",
    "NodeNotReadyError": (
        "a broker cannot be reached at the address that the cluster gives for it"
        " (its advertised.listeners)"
    ),
    "NotEnoughReplicasError": (
        "fewer replicas of the topic are in sync than its min.insync.replicas asks for: bring the"
        " brokers back, or lower it"
    ),
    "PolicyViolationError": "a policy of the brokers forbids it; their administrator knows it",
    "ThrottlingQuotaExceededError": "this user's quota is used up",
    "UnknownError": "something went wrong inside of the broker: its log says what",
    "UnknownTopicOrPartitionError": "there is no such topic or partition",
    "UnsupportedCompressionTypeError": (
        "the topic's record format does not go with this compression: set its compression.type"
        " to producer"
    ),
}
"""Explanation and remedy, by the name of the error."""


@contextmanager
def translated(doing: str, right: str = _READ) -> Iterator[None]:
    """Translate aiokafka's exceptions in the block.

    Args:
        doing: The action, for the error's text: ``"commit offsets"``.
        right: The right on a topic that it takes.

    Raises:
        RecordTooLargeError: The topic takes no record of that size.
        KafkaRefusedError: Kafka answered no; the same call will fail again.
        KafkaUnavailableError: No answer, or a passing fault.
    """
    try:
        yield
    except TOO_LARGE as error:
        raise RecordTooLargeError(f"Kafka refused to {doing}: it is too large") from error
    except REFUSALS as error:
        raise KafkaRefusedError(f"Kafka refused to {doing}: {_remedy(error, right)}") from error
    except (kafka.KafkaError, TimeoutError, OSError, asyncio.InvalidStateError) as error:
        raise KafkaUnavailableError(f"Kafka did not {doing}: {describe(error)}") from error


def _remedy(error: Exception, right: str) -> str:
    """Say which right is missing, if one is."""
    subject = str(error.args[0]) if error.args else ""
    match error:
        case kafka.TopicAuthorizationFailedError():
            if right == _READ:
                return f"this user may not see {subject}: allow it {right} on each topic"
            return f"this user may not do that to {subject}: allow it {right} on each topic"
        case kafka.GroupAuthorizationFailedError():
            group = subject.rpartition(" ")[2]  # the name, or a sentence that ends in it
            return f"this user may not use the group {group}: allow it Read on it"
        case RefusedRecordError():
            return subject
        case _:
            return describe(error)


def describe(error: BaseException) -> str:
    """Return an exception as one line; aiokafka's often have no text of their own."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, NoBrokerError):
        return str(error.args[0])
    name = type(error).__name__
    text = _NUMBER.sub("", _ADDRESS.sub(r"\1:\2", " ".join(str(error).split())))
    text = text if text.startswith(name) else f"{name}: {text}" if text else name
    words = next((_WORDS[each] for each in _NAME.findall(text) if each in _WORDS), None)
    return f"{text}: {words}" if words else text


def why_not_connected(error: Exception) -> str:
    """Return why a connection was not made, in the words of the system or of Kafka."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"TLS certificate refused: {error.verify_message}"
        case ssl.SSLError():
            return f"the TLS handshake failed: {error.reason}"
        case socket.gaierror():
            return str(error.strerror)
        case OSError() if error.errno is not None:
            return os.strerror(error.errno)
        case OSError() if (found := _ERRNO.search(str(error))) is not None:  # of several addresses
            return os.strerror(int(found[1]))
        case _:
            return describe(error)
