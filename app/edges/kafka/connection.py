"""How to reach Kafka: the options that every aiokafka client of this service shares."""

from typing import Any

import msgspec
from aiokafka.helpers import create_ssl_context

from app.edges.kafka.identity import ClusterIdentity
from app.settings.models import KafkaSettings
from app.values.errors import SettingsError

CLIENT_ID = "notification-worker"
METADATA_MAX_AGE = 30
"""Seconds in which a topic that was deleted, or has more partitions, is noticed."""


class Connection(msgspec.Struct, frozen=True):
    """Where the brokers are, and how to be let in.

    Attributes:
        bootstrap_servers: ``host:port,…``; for the embedded broker its real address.
        options: Keyword arguments of every aiokafka client. Holds secrets: never shown.
        embedded: The embedded broker knows no topic creation, and no settings of topics.
        identity: Which cluster it is, once a broker has told.
    """

    bootstrap_servers: str
    options: dict[str, Any]
    embedded: bool = False
    identity: ClusterIdentity = msgspec.field(default_factory=ClusterIdentity)

    def __repr__(self) -> str:
        return f"Connection({self.bootstrap_servers!r})"


def connect_to(kafka: KafkaSettings, embedded_address: str | None = None) -> Connection:
    """Translate settings into client options.

    Args:
        kafka: The Kafka settings.
        embedded_address: Address of the running embedded broker, when that is the broker.

    Raises:
        SettingsError: A certificate or key file cannot be read.
    """
    servers = embedded_address or kafka.bootstrap_servers
    options: dict[str, Any] = {
        "bootstrap_servers": servers,
        "client_id": CLIENT_ID,
        "security_protocol": kafka.security_protocol,
        "metadata_max_age_ms": METADATA_MAX_AGE * 1000,
    }
    if kafka.security_protocol.endswith("SSL"):
        options["ssl_context"] = _ssl_context(kafka)
    if kafka.security_protocol.startswith("SASL"):
        password = kafka.sasl_password
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    return Connection(servers, options, embedded=embedded_address is not None)


def _ssl_context(kafka: KafkaSettings) -> Any:
    try:
        return create_ssl_context(
            cafile=kafka.ssl_cafile and str(kafka.ssl_cafile),
            certfile=kafka.ssl_certfile and str(kafka.ssl_certfile),
            keyfile=kafka.ssl_keyfile and str(kafka.ssl_keyfile),
        )
    except (OSError, ValueError) as error:
        raise SettingsError(
            "NOTIFIER_KAFKA__SSL_CAFILE, …SSL_CERTFILE, …SSL_KEYFILE: "
            f"the files cannot be used: {error}"
        ) from error
