"""Settings become the values that edges and engine take: they know nothing of settings."""

from collections.abc import Sequence
from typing import Any

from aiokafka.helpers import create_ssl_context

from app.edges.channels.base import ChannelEntry
from app.edges.kafka.connection import CLIENT_ID, METADATA_MAX_AGE, Connection
from app.edges.smtp.connection import MailServer
from app.engine.group.subscription import Subscription
from app.engine.options import WorkerOptions
from app.policies.headers.signing_keys import signing_key
from app.policies.limits.retry import RetryPolicy
from app.settings.models import (
    EmailSettings,
    HistorySettings,
    KafkaSettings,
    Settings,
    WebhookSettings,
)
from app.values.errors import SettingsError


def connect_to(kafka: KafkaSettings, embedded_address: str | None = None) -> Connection:
    """Translate settings into client options.

    Args:
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


def mail_server_of(email: EmailSettings) -> MailServer | None:
    """Return the mail server of the settings, or None if they name none."""
    if email.host is None or email.from_address is None:
        return None
    return MailServer(
        host=email.host,
        port=email.port,
        from_address=email.from_address,
        tls=email.tls,
        username=email.username,
        password=email.password.get_secret_value() if email.password else None,
        timeout=email.timeout,
        helo_name=email.helo_name,
    )


def subscription_of(kafka: KafkaSettings, history: HistorySettings | None = None) -> Subscription:
    """Return what a worker with these settings consumes, and the topics that it writes to."""
    retention = (history or HistorySettings()).retention
    return Subscription(
        topics=kafka.topics,
        dead_letter_topic=kafka.dead_letter_topic,
        dead_letter_retention=kafka.dead_letter_retention,
        retry_prefix=kafka.retry_topic,
        control_topic=kafka.control_topic,
        history_topic=kafka.history_topic if retention else None,
        history_retention=retention,
        group_id=kafka.group_id,
        start_at_earliest=kafka.auto_offset_reset == "earliest",
        max_poll_records=kafka.max_poll_records,
        partitions=kafka.partitions,
        replication_factor=kafka.replication_factor,
    )


def signing_keys_of(webhook: WebhookSettings) -> list[bytes]:
    """Return the keys that requests to webhooks are signed with."""
    return [signing_key(secret.get_secret_value()) for secret in webhook.signing_secret]


def worker_options_of(settings: Settings, entries: Sequence[ChannelEntry]) -> WorkerOptions:
    """Return how a worker with these settings works."""
    retry = settings.retry
    return WorkerOptions(
        subscription=subscription_of(settings.kafka, settings.history),
        max_in_flight=settings.worker.max_in_flight,
        default_ttl=settings.default_ttl,
        drain_timeout=settings.worker.drain_timeout,
        retry=RetryPolicy(retry.max_attempts, retry.base_delay, retry.max_delay, retry.max_age),
        concurrency={
            entry.name: entry.concurrency or settings.webhook.concurrency for entry in entries
        },
    )
