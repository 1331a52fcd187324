"""Every setting, as frozen values (docs/contract.md#settings); nothing here reads anything."""

from collections.abc import Iterator, Mapping
from functools import reduce
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.policies.service.access import split_key
from app.settings import fields

PREFIX = "NOTIFIER_"

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class _Group(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # inputs may be secret
        coerce_numbers_to_str=True,  # flags and callers may hold 42 where text is meant
    )


class KafkaSettings(_Group):
    """The broker, and the topics that are read and written."""

    # ``host:port,…``, every entry with its port, or ``embedded``
    bootstrap_servers: fields.Servers = fields.EMBEDDED
    topics: fields.TopicNames = ("notifications",)
    group_id: fields.NonEmpty = "notification_worker_group"
    auto_offset_reset: Annotated[Literal["earliest", "latest"], fields.Lower] = "earliest"
    max_poll_records: fields.Count = 500
    security_protocol: Annotated[SecurityProtocol, fields.Upper] = "PLAINTEXT"
    sasl_mechanism: Annotated[SaslMechanism, fields.Upper] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: fields.UserPath | None = None
    ssl_certfile: fields.UserPath | None = None
    ssl_keyfile: fields.UserPath | None = None
    dead_letter_topic: fields.TopicName = "notifications.dlq"
    # seconds that dead letters are kept at least
    dead_letter_retention: fields.TimeOut = 2_592_000.0
    # prefix of the group's retry topics
    retry_topic: fields.TopicName = Field(
        default_factory=lambda known: f"notifications.retry.{known['group_id']}"
    )
    control_topic: fields.TopicName = Field(
        default_factory=lambda known: f"notifications.control.{known['group_id']}"
    )
    history_topic: fields.TopicName = Field(
        default_factory=lambda known: f"notifications.history.{known['group_id']}"
    )
    partitions: fields.Count = 12
    # of topics that the service creates; None is the broker's default
    replication_factor: Annotated[int, Field(ge=1, le=32767)] | None = None

    @property
    def embedded(self) -> bool:
        """Whether the service runs a broker of its own, for development."""
        return self.bootstrap_servers == fields.EMBEDDED


class WorkerSettings(_Group):
    """How the worker runs. Times in seconds."""

    autostart: bool = True
    max_in_flight: fields.Count = 1000
    drain_timeout: fields.Seconds = 30.0


class WebhookSettings(_Group):
    """How webhooks are called. Times in seconds; concurrency is per destination."""

    default_url: fields.WebhookUrl | None = None
    default_secret: SecretStr | None = None
    timeout: fields.TimeOut = 10.0
    concurrency: fields.Count = 16
    signing_secret: fields.SigningSecrets = ()
    allowed_networks: fields.Networks = ()
    # the proxy for every webhook; None leaves it to the environment's variables
    proxy: fields.ProxyUrl | None = None
    # hosts that are reached directly; None leaves it to the environment's
    no_proxy: fields.Hosts | None = None


class EmailSettings(_Group):
    """The mail server. Times in seconds."""

    host: str | None = None
    port: fields.Port = 587
    username: str | None = None
    password: SecretStr | None = None
    tls: Annotated[Literal["starttls", "implicit", "none"], fields.Lower] = "starttls"
    from_address: fields.MailAddress | None = None
    default_to: fields.MailAddresses = ()
    timeout: fields.TimeOut = 30.0
    # this machine's name in EHLO: a full name, or an address in brackets
    helo_name: fields.HeloName | None = None


class RetrySettings(_Group):
    """When a failed delivery is tried again. Times in seconds."""

    max_attempts: fields.Count = 5
    base_delay: fields.Seconds = 1.0
    max_delay: fields.Seconds = 60.0
    max_age: fields.Seconds = 86_400.0


class HistorySettings(_Group):
    """How many seconds the history is kept; 0 keeps none."""

    retention: fields.Seconds = 604_800.0


class OperatorSettings(_Group):
    """Whom the service tells that it cannot do its work. Times in seconds."""

    notify: fields.OperatorAddresses = ()  # chat or webhook URLs, and mail addresses
    after: fields.Seconds = 300.0  # how long something has to last
    every: fields.TimeOut = 3600.0  # between two messages about the same matter

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses in plain text; URLs are secret."""
        return tuple(each.get_secret_value() for each in self.notify)


class MetricsSettings(_Group):
    """Who may read ``/metrics``."""

    open: bool = False


class LogSettings(_Group):
    """The log: level, form, and perhaps a file besides standard error. Sizes in bytes."""

    level: Annotated[LogLevel, fields.Upper] = "INFO"
    format: Annotated[Literal["console", "json"], fields.Lower] = "console"
    file: fields.UserPath | None = None
    file_max_bytes: fields.Count = 10_485_760
    file_backups: Annotated[int, Field(ge=0)] = 5


class ReportSettings(_Group):
    """Status reports on standard output, in seconds; an interval of 0 is none."""

    interval: fields.Seconds = 0.0
    initial_delay: fields.Seconds = 5.0


class Settings(BaseSettings):
    """All settings. Made from keyword arguments alone; ``load`` brings in the sources."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Annotated[Literal["development", "production"], fields.Lower] = "development"
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    webhook: WebhookSettings = Field(default_factory=WebhookSettings)
    email: EmailSettings = Field(default_factory=EmailSettings)
    recipients_file: fields.UserPath | None = None
    templates_dir: fields.UserPath | None = None
    default_ttl: fields.Seconds = 0.0
    # whether the development inbox runs; by default with the embedded broker
    inbox: bool = Field(default_factory=lambda known: known["kafka"].embedded)
    retry: RetrySettings = Field(default_factory=RetrySettings)
    history: HistorySettings = Field(default_factory=HistorySettings)
    api_keys: fields.ApiKeys = ()
    language: Annotated[Literal["auto", "en", "zh"], fields.Lower] = "auto"
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    operator: OperatorSettings = Field(default_factory=OperatorSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings passes them by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave the process's environment out: the caller names every source."""
        return (init_settings,)

    def value(self, name: str) -> Any:
        """Return the value of a setting by its dotted name, such as ``kafka.group_id``."""
        return reduce(getattr, name.split("."), self)

    def secret_values(self) -> frozenset[str]:
        """Return every secret in plain text, for the log to leave out."""
        values = (self.value(name) for name, secret in SETTINGS.items() if secret)
        every = chain.from_iterable(v if isinstance(v, tuple) else (v,) for v in values)
        secrets = {secret.get_secret_value() for secret in every if secret is not None}
        secrets -= {each for each in self.operator.addresses if "://" not in each}
        # Somebody who has a key does not need the name or the prefix before it.
        keys = (split_key(key.get_secret_value())[1] for key in self.api_keys)
        return frozenset({*secrets, *(text.removeprefix("whsec_") for text in secrets), *keys})


def _catalogue() -> Iterator[tuple[str, bool]]:
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for inner, leaf in kind.model_fields.items():
                yield f"{name}.{inner}", "SecretStr" in str(leaf.annotation)
        else:
            yield name, "SecretStr" in str(field.annotation)


SETTINGS: Mapping[str, bool] = dict(_catalogue())
"""Every setting by its dotted name, and whether it is secret."""


def env_name(name: str) -> str:
    """Return the name of a setting as operators write it: ``NOTIFIER_KAFKA__GROUP_ID``."""
    return PREFIX + name.upper().replace(".", "__")
