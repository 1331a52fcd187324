"""What aiokafka raises, in this service's own words."""

import asyncio
import socket
import ssl

import pytest
from aiokafka import errors as kafka
from aiokafka.errors import for_code

from app.edges.kafka.errors import describe, translated, why_not_connected
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError


@pytest.mark.parametrize(
    ("error", "becomes", "text"),
    [
        (
            kafka.TopicAuthorizationFailedError("trades"),
            KafkaRefusedError,
            (
                "Kafka refused to look: this user may not see trades:"
                " allow it Describe and Read on each topic"
            ),
        ),
        (
            kafka.GroupAuthorizationFailedError("Not authorized to access group: desk"),
            KafkaRefusedError,
            "Kafka refused to look: this user may not use the group desk: allow it Read on it",
        ),
        (
            kafka.SaslAuthenticationFailed("Invalid username or password"),
            KafkaRefusedError,
            "Kafka refused to look: SaslAuthenticationFailed: Invalid username or password",
        ),
        (
            kafka.IncompatibleBrokerVersion("DescribeGroups is unknown"),
            KafkaRefusedError,
            (
                "Kafka refused to look: IncompatibleBrokerVersion: DescribeGroups is unknown: the broker"
                " does not know this request: it is too old for this service, or it is the embedded"
                " broker of another worker, which serves that one alone: use Apache Kafka"
            ),
        ),
        (
            kafka.MessageSizeTooLargeError(),
            RecordTooLargeError,
            "Kafka refused to look: it is too large",
        ),
        (
            kafka.NotLeaderForPartitionError(),
            KafkaUnavailableError,
            "Kafka did not look: NotLeaderForPartitionError",
        ),
        (TimeoutError(), KafkaUnavailableError, "Kafka did not look: no answer in time"),
        (
            ConnectionRefusedError(111, "Connect call failed ('10.0.0.1', 9092)"),
            KafkaUnavailableError,
            (
                "Kafka did not look: ConnectionRefusedError: [Errno 111] Connect call failed"
                " ('10.0.0.1', 9092)"
            ),
        ),
        (
            asyncio.InvalidStateError(),
            KafkaUnavailableError,
            "Kafka did not look: InvalidStateError",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_fault_says_whether_trying_again_may_help(
    error: Exception, becomes: type[Exception], text: str
) -> None:
    """A refusal is not asked again, and says what to mend; whatever may pass is."""
    with pytest.raises(becomes) as caught, translated("look"):
        raise error
    assert type(caught.value) is becomes
    assert str(caught.value) == text
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (for_code(87)(), "InvalidRecordError: the topic does not take such a record; a topic that"),
        (for_code(76)(), "set its compression.type to producer"),
        (kafka.KafkaError(repr(for_code(81)())), "raise the brokers' group.max.size"),
        (kafka.InconsistentGroupProtocolError(), "NOTIFIER_KAFKA__GROUP_ID"),
        (kafka.InvalidTimestampError(), "set this machine's clock"),
        (kafka.NotEnoughReplicasError(), "its min.insync.replicas"),
        (kafka.NodeNotReadyError("node 1"), "advertised.listeners"),
    ],
    ids=str,
)
def test_what_to_do_is_said_beside_kafkas_own_name(error: Exception, words: str) -> None:
    """Also of what aiokafka does not know, or wraps into another error."""
    assert words in describe(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ConnectionRefusedError(111, "Connect call failed ('10.0.0.1', 9092)"),
            "Connection refused",
        ),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (
            OSError("Multiple exceptions: [Errno 113] Connect call failed, [Errno 111] and so on"),
            "No route to host",
        ),
        (TimeoutError(), "no answer in time"),
        (OSError("odd"), "OSError: odd"),
        (kafka.KafkaConnectionError("gone"), "KafkaConnectionError: gone"),
    ],
    ids=str,
)
def test_why_there_is_no_connection_is_said_in_the_systems_words(
    error: Exception, words: str
) -> None:
    """They are what people look for, and what is translated."""
    assert why_not_connected(error) == words


def test_a_handshake_that_fails_is_told_by_openssls_word() -> None:
    """As of a broker that does not speak TLS at this port."""
    said = ssl.MemoryBIO()
    said.write(b"HTTP/1.1 400 Bad Request")
    with pytest.raises(ssl.SSLError) as caught:
        ssl.create_default_context().wrap_bio(
            said, ssl.MemoryBIO(), server_hostname="kafka"
        ).do_handshake()
    assert why_not_connected(caught.value) == "the TLS handshake failed: WRONG_VERSION_NUMBER"


def test_a_certificate_that_is_not_trusted_is_named_as_the_reason() -> None:
    """Nothing else is wrong then."""
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed certificate"
    assert why_not_connected(error) == "TLS certificate refused: self-signed certificate"


def test_what_is_no_fault_of_kafka_stays_what_it_is() -> None:
    """A bug is not taken for an outage."""
    with pytest.raises(KeyError), translated("look"):
        raise KeyError


def test_an_error_is_one_line() -> None:
    """Addresses are written as people write them."""
    error = OSError("no way\nto ('10.0.0.1', 9092, <AddressFamily.AF_INET: 2>)")
    assert describe(error) == "OSError: no way to 10.0.0.1:9092"
