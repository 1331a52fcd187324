"""The kinds of values that settings take: how each is read, and the faults of a bad one.

The validators' texts become part of an operator's error line after the setting's name. They never
quote a value that may be secret or may hold a password by mistake.
"""

import json
import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr

from app.policies.addresses.host_names import address_literal, ascii_host
from app.policies.addresses.proxies import checked_proxy
from app.policies.headers.signing_keys import signing_key
from app.policies.mail.addresses import read_mailbox, split_mail_addresses
from app.policies.service.access import split_key
from app.values.errors import UnroutableError

EMBEDDED = "embedded"
KAFKA_PORT = 9092
MIN_API_KEY = 16
_SERVER = re.compile(r"(?P<host>\[[^\[\]]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(?::(?P<port>[0-9]{1,5}))?")
_JSON_LIST = re.compile(r"""\s*\[\s*["\]]""")
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_API_KEY = re.compile(r"[!-~]+")  # what an HTTP header can carry without quoting


def is_topic_name(name: str) -> bool:
    """Say whether Kafka takes that name for a topic."""
    return _TOPIC.fullmatch(name) is not None and name not in {".", ".."}


def _topic_name(name: str) -> str:
    if not is_topic_name(name):
        raise ValueError(
            f"{name[:40]!r} is not a topic name: 1 to 249 of letters, digits, '.', '_' and '-'"
        )
    return name


def _split(value: object) -> object:
    """Read a list that is written as JSON or separated by commas; leave anything else as it is."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("["):
        return _parts(value)
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("is not a valid JSON list") from None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _servers(value: object) -> object:
    """Read bootstrap servers; a missing port is Kafka's own, 9092."""
    address = isinstance(value, str) and not _JSON_LIST.match(value)  # perhaps [::1]
    entries = _parts(str(value)) if address else _split(value)
    if not isinstance(entries, list | tuple):
        return value
    if not entries:
        raise ValueError("must name host:port,… or 'embedded'")
    if [str(entry).lower() for entry in entries] == [EMBEDDED]:
        return EMBEDDED
    return ",".join(_server(number, str(entry)) for number, entry in enumerate(entries, 1))


def _server(number: int, entry: str) -> str:
    match = _SERVER.fullmatch(entry)
    if match is None:
        raise ValueError(
            f"entry {number} is not host:port (no scheme, no spaces, IPv6 addresses in brackets)"
        )
    port = int(match["port"] or KAFKA_PORT)
    if not 1 <= port <= 65535:
        raise ValueError(f"entry {number} has a port outside 1 to 65535")
    if match["host"].startswith("["):
        try:
            IPv6Address(match["host"][1:-1])
        except ValueError:
            raise ValueError(f"entry {number} has no IPv6 address in its brackets") from None
    return f"{match['host']}:{port}"


def _webhook_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if not text.isprintable() or " " in text or not _is_web_address(text):
        raise ValueError("is not a valid http:// or https:// URL")
    return url


def _operator_address(address: SecretStr) -> SecretStr:
    text = address.get_secret_value()
    if "://" in text:
        return _webhook_url(address)
    try:
        _mail_address(text)
    except ValueError:
        raise ValueError("is neither a URL nor an e-mail address") from None
    return address


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or port that are none
        return False


def _proxy(url: SecretStr) -> SecretStr:
    checked_proxy(url.get_secret_value())
    return url


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    text = str(value).strip()
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("is not a network such as 10.0.0.0/8") from None
    raise ValueError(f"has bits set to the right of its mask; write {meant}")


def _mail_address(value: str) -> str:
    try:
        read_mailbox(value)
    except UnroutableError:
        raise ValueError("is not an e-mail address") from None
    if not value.isprintable():
        raise ValueError("is not an e-mail address")
    return value


def _mail_addresses(value: object) -> object:
    """Read a list as mail programs write it; leave JSON, and anything else, to the others."""
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return split_mail_addresses([value])
    return _split(value)


def _helo_name(value: str) -> str:
    """Read a name for EHLO: a host name, or an address in brackets."""
    literal = re.fullmatch(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]", value)
    try:
        return address_literal(literal[1]) if literal else ascii_host(value)
    except ValueError:
        raise ValueError("is neither a host name nor an address in brackets") from None


def _api_key(given: SecretStr) -> SecretStr:
    _, key = split_key(given.get_secret_value())
    if not _API_KEY.fullmatch(key):
        raise ValueError("is empty or has spaces or characters that no HTTP header carries")
    if len(key) < MIN_API_KEY:
        raise ValueError(
            f"is shorter than {MIN_API_KEY} characters and would be guessed; take a random one:"
            " openssl rand -hex 32"
        )
    return given


def _signing_secret(secret: SecretStr) -> SecretStr:
    signing_key(secret.get_secret_value())
    return secret


def _by_spaces(value: object) -> object:
    """Read a list that is written as JSON or separated by spaces."""
    is_json = isinstance(value, str) and value.lstrip().startswith("[")
    return value.split() if isinstance(value, str) and not is_json else _split(value)


def _path(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("begins with '~' but there is no such home directory") from None


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _some(entries: tuple[str, ...]) -> tuple[str, ...]:
    if not entries:
        raise ValueError("must name at least one topic")
    return tuple(dict.fromkeys(entries))


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Upper = BeforeValidator(_upper)
Lower = BeforeValidator(_lower)
Split = BeforeValidator(_split)

NonEmpty = Annotated[str, AfterValidator(_not_empty)]
Servers = Annotated[str, BeforeValidator(_servers)]
TopicName = Annotated[str, AfterValidator(_topic_name)]
TopicNames = Annotated[tuple[TopicName, ...], Split, AfterValidator(_some)]
WebhookUrl = Annotated[SecretStr, AfterValidator(_webhook_url)]
ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy)]
Hosts = Annotated[tuple[str, ...], Split]
Networks = Annotated[
    tuple[Annotated[IPv4Network | IPv6Network, PlainValidator(_network)], ...], Split
]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
MailAddresses = Annotated[tuple[MailAddress, ...], BeforeValidator(_mail_addresses)]
OperatorAddresses = Annotated[
    tuple[Annotated[SecretStr, AfterValidator(_operator_address)], ...], Split
]
HeloName = Annotated[str, AfterValidator(_helo_name)]
ApiKeys = Annotated[tuple[Annotated[SecretStr, AfterValidator(_api_key)], ...], Split]
SigningSecrets = Annotated[
    tuple[Annotated[SecretStr, AfterValidator(_signing_secret)], ...], BeforeValidator(_by_spaces)
]
UserPath = Annotated[Path, AfterValidator(_path)]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
TimeOut = Annotated[float, Field(gt=0, allow_inf_nan=False)]
