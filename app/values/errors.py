"""Errors that cross layers. Each edge translates its library's exceptions into these."""

from collections.abc import Sequence
from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that it cannot decode: no JSON, no UTF-8, nested too deeply."""


class NotifierError(Exception):
    """Base of every error this service raises on purpose; its text is meant for the operator."""


class InvalidRecordError(NotifierError):
    """A record that cannot be used."""

    def __init__(self, problem: str, field: str = "") -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        # the faulty part, as a path such as ``kwargs.fields[0].name``; empty if the whole
        # record is at fault
        self.field = field
        self.problem = problem  # the fault, and the expected form


class InvalidItemsError(NotifierError):
    """Some items are no notifications; nothing was published."""

    def __init__(self, items: Sequence[tuple[int, InvalidRecordError]]) -> None:
        super().__init__("; ".join(f"item {index}: {error}" for index, error in items))
        self.items = tuple(items)  # every fault with the index of its item, counted from 0


class UnroutableError(NotifierError):
    """A target without an address, or a recipient nobody knows."""

    def __init__(self, problem: str, field: str = "") -> None:
        super().__init__(problem)
        self.field = field


class RecipientsFileError(NotifierError):
    """The recipients file cannot be used; the text names file, line and reason."""


class TemplateError(NotifierError):
    """A message template is missing, broken, or failed on its context."""


class SettingsError(NotifierError):
    """A setting is wrong. The text is one line: the setting, the problem, the source."""


class KafkaUnavailableError(NotifierError):
    """Kafka did not answer or did not acknowledge; trying again later may work."""


class BrokersUnreachableError(KafkaUnavailableError):
    """Kafka answers, and names brokers that cannot be reached."""

    def __init__(self, bootstrap: str, addresses: Sequence[str]) -> None:
        super().__init__(
            f"Kafka answers at {bootstrap}, but no broker can be reached at the addresses that it"
            f" gives its clients: {', '.join(addresses)}. Set the brokers' advertised.listeners"
            " (KAFKA_ADVERTISED_LISTENERS in Docker) to addresses that this machine reaches"
        )
        self.addresses = tuple(addresses)  # their addresses, as ``host:port``


class KafkaRefusedError(NotifierError):
    """Kafka answered no (authorisation, size, missing topic); trying again changes nothing."""


class RecordTooLargeError(KafkaRefusedError):
    """The record is larger than the topic takes."""


class UnknownDestinationError(NotifierError):
    """There is no destination with this id, as far as is known here."""


class UntestableError(NotifierError):
    """A test of a destination would go to nobody who is known."""


class BusyError(NotifierError):
    """The same is being done already, and only one may be at a time."""


class ForbiddenAddressError(NotifierError):
    """The outbound address guard refused a connection (docs/access.md#outbound-webhooks)."""
