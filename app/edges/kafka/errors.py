"""aiokafka's exceptions, translated into this service's own."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka import errors as kafka

from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError

_ADDRESS = re.compile(r"\('([^']*)', (\d+), <AddressFamily[^>]*>\)")
_NUMBER = re.compile(r"^\[Error \d+\] ")  # Kafka's; its name follows


class RefusedRecordError(kafka.KafkaError):  # type: ignore[misc]  # aiokafka ships no types
    """The topic takes no such record; the text is Kafka's own."""


REFUSALS: tuple[type[Exception], ...] = (
    kafka.AuthenticationFailedError,
    kafka.AuthenticationMethodNotSupported,
    kafka.ClusterAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.IncompatibleBrokerVersion,
    kafka.InvalidTopicError,
    kafka.PolicyViolationError,
    RefusedRecordError,
    kafka.SaslAuthenticationFailed,
    kafka.TopicAuthorizationFailedError,
    kafka.UnsupportedSaslMechanismError,
    kafka.UnsupportedVersionError,
)

TOO_LARGE: tuple[type[Exception], ...] = (
    kafka.MessageSizeTooLargeError,
    kafka.RecordListTooLargeError,
)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Translate what aiokafka raises in the block.

    Args:
        doing: What was being done, for the error's text: ``"commit offsets"``.

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
        raise KafkaRefusedError(f"Kafka refused to {doing}: {_remedy(error)}") from error
    except (kafka.KafkaError, TimeoutError, OSError, asyncio.InvalidStateError) as error:
        raise KafkaUnavailableError(f"Kafka did not {doing}: {describe(error)}") from error


def _remedy(error: Exception) -> str:
    """Say which right is missing, where that is what is wrong."""
    subject = str(error.args[0]) if error.args else ""
    match error:
        case kafka.TopicAuthorizationFailedError():
            return f"this user may not see {subject}: allow it Describe and Read on each topic"
        case kafka.GroupAuthorizationFailedError():
            group = subject.rpartition(" ")[2]  # the name, or a sentence that ends in it
            return f"this user may not use the group {group}: allow it Read on it"
        case RefusedRecordError():
            return subject
        case _:
            return describe(error)


def describe(error: BaseException) -> str:
    """Return an exception as one line; aiokafka's often have no text of their own."""
    text = _NUMBER.sub("", _ADDRESS.sub(r"\1:\2", " ".join(str(error).split())))
    name = type(error).__name__
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return text if text.startswith(name) else f"{name}: {text}" if text else name
