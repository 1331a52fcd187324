"""Which proxy a webhook goes through: by the setting, else by the variables that httpx reads."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

import msgspec

from app.policies.redaction import redact

SCHEMES = ("http", "https", "socks5", "socks5h")
_WITH_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ENTRY = re.compile(
    r"(?:[a-z]+://)?(?P<host>\[[^\]]+\]|[^:\s]+|[0-9a-f:.]+(?:/\d+)?)(?::(?P<port>\d+))?"
)


class ProxyError(ValueError):
    """A proxy's address cannot be used; the text holds no password."""


class Proxies(msgspec.Struct, frozen=True):
    """The proxies of outgoing webhooks.

    Attributes:
        http, https: URLs of the proxies for each scheme; None goes directly. Secret: they may hold
            a password.
        bypass: Hosts, domains and networks that are reached directly, as in ``NO_PROXY``.
        source: The setting or environment variable that names them.
        from_environment: Whether that was an environment variable: then loopback and the allowed
            networks are reached directly, too.
    """

    http: str | None
    https: str | None
    bypass: tuple[str, ...]
    source: str
    from_environment: bool

    def proxy_for(self, scheme: str, host: str, port: int) -> str | None:
        """Return the URL of the proxy that a request goes through, or None."""
        proxy = self.https if scheme == "https" else self.http
        return None if proxy is None or is_bypassed(self.bypass, host, port) else proxy

    def secret_values(self) -> frozenset[str]:
        """Return the secrets to hide: the URLs with credentials, and the passwords."""
        secrets = set()
        for url in filter(None, (self.http, self.https)):
            password = urlsplit(url).password
            if password:
                secrets |= {url, password, unquote(password)}
        return frozenset(secrets)

    def describe(self) -> str:
        """Say which proxy is used, without its password."""
        ways = [
            f"{scheme}:// through {redact(proxy)}"
            for scheme, proxy in (("https", self.https), ("http", self.http))
            if proxy is not None
        ]
        if self.http == self.https and self.http is not None:
            ways = [f"through {redact(self.http)}"]
        except_for = f", except to {', '.join(self.bypass)}" if self.bypass else ""
        return f"{' and '.join(ways)}{except_for} (from {self.source})"


def find_proxies(
    proxy: str | None, no_proxy: Sequence[str] | None, environ: Mapping[str, str], setting: str
) -> Proxies | None:
    """Return the proxies in force, or None if there are none.

    Args:
        proxy: The setting, for every webhook; None leaves it to the environment.
        no_proxy: The setting; None leaves it to the environment.
        environ: Environment variables. As httpx reads them: lower case before upper case, and an
            address without a scheme is ``http://``.
        setting: The name of the setting, for ``Proxies.source``.

    Raises:
        ProxyError: A proxy's address cannot be used; the text names its source.
    """
    bypass = tuple(no_proxy) if no_proxy is not None else _entries(_variable(environ, "no_proxy"))
    if proxy is not None:
        return Proxies(proxy, proxy, bypass, setting, from_environment=False)
    everything, name_of_all = _proxy(environ, "all_proxy")
    https, name_of_https = _proxy(environ, "https_proxy")
    http, name_of_http = _proxy(environ, "http_proxy")
    if https is None:
        https, name_of_https = everything, name_of_all
    if http is None:
        http, name_of_http = everything, name_of_all
    names = dict.fromkeys(filter(None, (name_of_https, name_of_http)))
    if not names:
        return None
    return Proxies(http, https, bypass, " and ".join(names), from_environment=True)


def checked_proxy(url: str) -> str:
    """Return a proxy's URL if it is one.

    Raises:
        ProxyError: It is not.
    """
    if not _is_proxy(url):
        raise ProxyError("is not the address of a proxy such as http://host:port or socks5://host")
    return url


def is_bypassed(entries: Sequence[str], host: str, port: int) -> bool:
    """Say whether ``NO_PROXY`` names a host: by itself, as a domain, or by its network.

    ``example.com`` means its subdomains too, ``.example.com`` and ``*.example.com`` these alone,
    ``*`` everything; a port behind a name restricts it to that port.
    """
    host = host.lower().rstrip(".").strip("[]")
    return any(_names(entry.strip().lower(), host, port) for entry in entries)


def _is_proxy(url: str) -> bool:
    if not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_host and parts.scheme in SCHEMES and parts.path in {"", "/"}


def _names(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    match = _ENTRY.fullmatch(entry)
    if match is None or (match["port"] and int(match["port"]) != port):
        return False
    name = match["host"].strip("[]")
    if name.startswith((".", "*.")):
        return host.endswith(name.removeprefix("*"))
    return host == name or (not _is_address(name) and host.endswith(f".{name}"))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _entries(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, (text or "").split(","))))


def _proxy(environ: Mapping[str, str], name: str) -> tuple[str | None, str]:
    """Return a proxy's URL and the variable that names it."""
    for variable in (name, name.upper()):
        # In a CGI program it would be the request's "Proxy" header.
        if variable == "HTTP_PROXY" and "REQUEST_METHOD" in environ:
            continue
        text = environ.get(variable, "").strip()
        if text:
            url = text if _WITH_SCHEME.match(text) else f"http://{text}"
            try:
                return checked_proxy(url), variable
            except ProxyError as error:
                raise ProxyError(f"{variable}: {error}") from None
    return None, ""


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name) or environ.get(name.upper())
