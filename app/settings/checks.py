"""Checks settings against each other; each is right by itself already. Pure."""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from app.policies.headers.deferral import retry_topics
from app.policies.service.access import is_loopback
from app.settings.fields import is_topic_name
from app.settings.models import KafkaSettings, Settings, env_name
from app.values.errors import SettingsError


class Fault(NamedTuple):
    """A setting, by its dotted name, and its fault."""

    name: str
    problem: str


def faults(settings: Settings) -> Iterator[Fault]:
    """Yield everything that is wrong between settings."""
    return chain(
        _broker(settings),
        _topics(settings),
        _sasl(settings.kafka),
        _tls(settings.kafka),
        _email(settings),
        _retry(settings),
        _operator(settings),
    )


def check_bind(settings: Settings, host: str) -> None:
    """Refuse a control plane in production that others can reach without a key.

    Args:
        host: The address or name that the server is going to listen on, or a Unix socket's path.
            A proxy connects to such a socket, as a rule, and lets others in.

    Raises:
        SettingsError: Production, no API key, and more than this machine can connect.
    """
    if settings.environment == "production" and not settings.api_keys and not is_loopback(host):
        raise SettingsError(
            f"{env_name('api_keys')}: is empty, and production does not open its control plane"
            f" to other machines ({host or 'every address'}) without a key"
        )


def _broker(settings: Settings) -> Iterator[Fault]:
    if not settings.kafka.embedded:
        return
    if settings.environment == "production":
        yield Fault(
            "kafka.bootstrap_servers",
            "the embedded broker keeps nothing and is refused in production; name host:port,…",
        )
    if settings.kafka.security_protocol != "PLAINTEXT":
        yield Fault(
            "kafka.security_protocol",
            "the embedded broker speaks PLAINTEXT only; "
            f"name a broker in {env_name('kafka.bootstrap_servers')}",
        )


def _topics(settings: Settings) -> Iterator[Fault]:
    """Keep apart the topics that the service reads for others and those it writes for itself."""
    kafka = settings.kafka
    seen = {_as_kafka_compares(topic): "kafka.topics" for topic in kafka.topics}
    for name, topic in _own_topics(settings):
        compared = _as_kafka_compares(topic)
        if not is_topic_name(topic):
            yield Fault(
                name,
                f"{topic[:60]!r} is not a topic name; set it, or another "
                f"{env_name('kafka.group_id')} to derive it from",
            )
        elif topic in kafka.topics:
            yield Fault(
                name,
                f"{topic!r} is in {env_name('kafka.topics')} too, and the service does not consume"
                " its own records; take it out there",
            )
        elif compared in seen:
            yield Fault(
                name,
                f"{topic!r} is in use already, by {env_name(seen[compared])}"
                " (Kafka does not tell . from _ in names)",
            )
        seen.setdefault(compared, name)


def _as_kafka_compares(topic: str) -> str:
    """Return a topic's name as the brokers compare it with others when they create it."""
    return topic.replace(".", "_")


def _own_topics(settings: Settings) -> Iterator[tuple[str, str]]:
    kafka = settings.kafka
    yield "kafka.dead_letter_topic", kafka.dead_letter_topic
    yield "kafka.control_topic", kafka.control_topic
    if settings.history.retention:
        yield "kafka.history_topic", kafka.history_topic
    if kafka.retry_topic in kafka.topics:  # the prefix is no topic, but is surely a mistake there
        yield "kafka.retry_topic", kafka.retry_topic
        return
    topics = retry_topics(kafka.retry_topic)
    longest = max(topics, key=len)
    for topic in topics if is_topic_name(longest) else (longest,):
        yield "kafka.retry_topic", topic


def _sasl(kafka: KafkaSettings) -> Iterator[Fault]:
    used = kafka.security_protocol.startswith("SASL")
    for name in ("sasl_mechanism", "sasl_username", "sasl_password"):
        given = bool(getattr(kafka, name))
        if used and not given:
            yield Fault(f"kafka.{name}", f"{kafka.security_protocol} needs it")
        elif given and not used:
            yield Fault(
                f"kafka.{name}",
                f"is not used with {kafka.security_protocol}; "
                f"set {env_name('kafka.security_protocol')} to SASL_SSL or SASL_PLAINTEXT",
            )


def _tls(kafka: KafkaSettings) -> Iterator[Fault]:
    if not kafka.security_protocol.endswith("SSL"):
        for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
            if getattr(kafka, name):
                yield Fault(
                    f"kafka.{name}",
                    f"is not used with {kafka.security_protocol}; "
                    f"set {env_name('kafka.security_protocol')} to SSL or SASL_SSL",
                )
    elif kafka.ssl_certfile and not kafka.ssl_keyfile:
        yield Fault(
            "kafka.ssl_keyfile", "is missing; name the certificate's file again if it holds both"
        )
    elif kafka.ssl_keyfile and not kafka.ssl_certfile:
        yield Fault("kafka.ssl_certfile", "is missing; the key needs its certificate")


def _email(settings: Settings) -> Iterator[Fault]:
    email = settings.email
    if email.host and not email.from_address:
        yield Fault("email.from_address", f"is missing; {env_name('email.host')} needs it")
    if email.username and not email.password:
        yield Fault("email.password", f"is missing; {env_name('email.username')} needs it")
    if email.password and not email.username:
        yield Fault("email.username", f"is missing; {env_name('email.password')} needs it")


def _retry(settings: Settings) -> Iterator[Fault]:
    base, longest = settings.retry.base_delay, settings.retry.max_delay
    if longest < base:
        yield Fault(
            "retry.max_delay",
            f"{longest:g} is below {env_name('retry.base_delay')}, which is {base:g}",
        )


def _operator(settings: Settings) -> Iterator[Fault]:
    mails = any("://" not in each for each in settings.operator.addresses)
    if mails and settings.email.host is None and not settings.inbox:
        problem = f"names a mail address, and {env_name('email.host')} names no mail server"
        yield Fault("operator.notify", problem)
