"""Checks of destinations: the mail server, webhook hosts. Nothing is sent."""

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from itertools import chain
from urllib.parse import urlsplit

from msgspec.structs import replace

from app.configured import mail_server_of
from app.doctor.findings import PATIENCE, Finding, bounded, fail, ok, skip
from app.edges.guard import AddressGuard, GuardedResolver
from app.edges.http.addresses import AddressBook
from app.edges.http.request import parse_target
from app.edges.http.ways import Way
from app.edges.probe import check_proxied, check_reachable
from app.edges.recipients import load_recipients
from app.edges.smtp.check import check_server
from app.edges.smtp.connection import MailServer
from app.edges.tls import default_tls_context
from app.policies.addresses.proxies import Proxies
from app.policies.channels import Channels
from app.policies.redaction import redact
from app.settings.models import Settings, env_name
from app.values.channel import AddressKind
from app.values.errors import RecipientsFileError, UnroutableError

_AT_ONCE = 16
_MAIL_REMEDY = (
    f"Check {env_name('email.host')}, {env_name('email.port')}, {env_name('email.tls')}"
    f" and the login; for a sender or a name that is refused, {env_name('email.from_address')}"
    f" and {env_name('email.helo_name')}."
)
_WEBHOOK_REMEDY = "Check the URL and this machine's way out (DNS, firewall, proxy)."


async def check_mail(
    settings: Settings, tls_context: ssl.SSLContext | None = None
) -> list[Finding]:
    """Connect to the mail server, start TLS, log in, name sender and recipient, and go.

    Args:
        tls_context: Trusted certificates; the usual ones when left out.
    """
    server = mail_server_of(settings.email)
    if server is None:
        taken = "the inbox takes e-mail" if settings.inbox else "e-mail goes to the dead letters"
        return [skip("mail server", f"none is set ({env_name('email.host')}): {taken}")]
    server = replace(server, timeout=PATIENCE, tls_context=tls_context)
    recipient = next(iter(settings.email.default_to), None)
    return await bounded("mail server", _try(server, recipient), _MAIL_REMEDY)


async def _try(server: MailServer, recipient: str | None) -> list[Finding]:
    await check_server(server, recipient)
    tls = {"starttls": "STARTTLS", "implicit": "TLS", "none": "not encrypted"}[server.tls]
    login = f"logged in as {server.username}" if server.username else "without a login"
    return [ok("mail server", f"{server.host}:{server.port}, {tls}, {login}")]


async def check_webhooks(
    settings: Settings,
    channels: Channels,
    proxies: Proxies | None = None,
    tls_context: ssl.SSLContext | None = None,
) -> list[Finding]:
    """Connect to every webhook host that settings and recipients name, through a proxy if need be.

    Args:
        tls_context: Trusted certificates; the usual ones when left out.
    """
    default = settings.webhook.default_url
    found = []
    origins = dict.fromkeys(_recipients_origins(settings, channels))
    if default is None:
        taken = "the inbox takes them" if settings.inbox else "they go to the dead letters"
        name = env_name("webhook.default_url")
        found.append(skip("webhooks", f"none is the default ({name}): {taken}"))
    else:
        try:
            origins = {_origin(channels.normalise_url(default.get_secret_value())): None} | origins
        except UnroutableError as error:
            name = env_name("webhook.default_url")
            found.append(fail("webhooks", f"{name}: {error}", "Write the URL as its owner does."))
    if proxies is not None:
        found.append(ok("proxy", f"webhooks go {proxies.describe()}"))
    return found + await _reach_all(origins, settings, proxies, tls_context)


async def check_operator(
    settings: Settings,
    channels: Channels,
    proxies: Proxies | None = None,
    tls_context: ssl.SSLContext | None = None,
) -> list[Finding]:
    """Say who is told if the service cannot do its work, and connect to the hosts of webhooks.

    Args:
        tls_context: Trusted certificates; the usual ones when left out.
    """
    name, addresses = env_name("operator.notify"), settings.operator.addresses
    if not addresses:
        return [skip("operator", f"nobody is told if the service cannot do its work ({name})")]
    found: list[Finding] = []
    origins: dict[str, None] = {}
    for number, address in enumerate(addresses, 1):
        subject = f"operator's address {number}"
        if "://" not in address:
            found.append(ok(subject, "is told by mail"))
            continue
        try:
            url = channels.normalise_url(address)
        except UnroutableError as error:
            found.append(fail(subject, f"{name}: {error}", "Write the URL as its owner does."))
        else:
            found.append(ok(subject, f"is told by {channels.serving('webhook', url).name}"))
            origins[_origin(url)] = None
    return found + await _reach_all(origins, settings, proxies, tls_context)


async def _reach_all(
    origins: Iterable[str],
    settings: Settings,
    proxies: Proxies | None,
    tls_context: ssl.SSLContext | None,
) -> list[Finding]:
    tls = tls_context or default_tls_context()
    guard = AddressGuard(settings.webhook.allowed_networks)
    resolver = GuardedResolver(guard)
    way = Way(proxies, guard, AddressBook(resolver)) if proxies else None
    places = asyncio.Semaphore(_AT_ONCE)

    async def reach(origin: str) -> list[Finding]:
        proxy = await way.proxy_for(parse_target(origin).origin) if way else None
        if proxy is None:
            answers = f"answers at {await check_reachable(origin, resolver, tls)}"
        else:
            await check_proxied(origin, proxy, tls)
            answers = f"answers through the proxy {redact(proxy)}"
        return [ok(f"webhook host {origin}", answers)]

    async def check(origin: str) -> list[Finding]:
        async with places:
            return await bounded(f"webhook host {origin}", reach(origin), _WEBHOOK_REMEDY)

    return [*chain(*await asyncio.gather(*map(check, origins)))]


def _recipients_origins(settings: Settings, channels: Channels) -> Iterator[str]:
    if settings.recipients_file is None:
        return
    try:
        recipients = load_recipients(settings.recipients_file, channels)
    except RecipientsFileError:
        return  # the recipients' own check says so
    for user in recipients.users.values():
        for contact in user.contacts if user.active else ():
            if channels[contact.type].kind is AddressKind.URL:
                yield _origin(contact.address)


def _origin(url: str) -> str:
    """Return the part of a webhook URL that is not secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
