"""Routing: a notification's requests become deliveries, one for each destination."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import assert_never

import msgspec
from msgspec.structs import replace

from app.policies.addresses.destinations import webhook_destination
from app.policies.addresses.webhooks import MAX_URL_LENGTH
from app.policies.channels import Channels
from app.policies.mail.routing import Addressed, route_mail
from app.policies.redaction import redact, scrub
from app.values.channel import AddressKind
from app.values.delivery import Delivery, Destination, Target
from app.values.errors import UnroutableError
from app.values.notification import Access, Fallback, Footer, Notification, Request

MAX_LABEL_LENGTH = 100
_SURELY_SHOWN = 200
"""Characters of any text of which no service leaves anything out."""


class Defaults(msgspec.Struct, frozen=True):
    """Where notifications go that carry no address: the settings', else the inbox."""

    webhook_url: str | None = None  # for channels whose addresses are URLs; None if there is none
    email_to: tuple[str, ...] = ()
    # ``smtp://host:port`` of the mail server, the lane of all e-mail; None if no mail server
    # is set
    smtp: str | None = None
    # signs requests to the webhook URL, if it is a robot that wants that
    webhook_secret: str | None = None


class Routed(msgspec.Struct, frozen=True):
    """The deliveries of a notification."""

    # one for each destination; for e-mail, one for each part of the recipients
    deliveries: tuple[Delivery, ...]
    unroutable: tuple[tuple[Target, str], ...]  # targets that fail by themselves, and why
    # deliveries to those who are told instead of others, if these do not accept it
    detours: tuple[Delivery, ...] = ()


def route(
    notification: Notification,
    defaults: Defaults,
    channels: Channels,
    *,
    source: str,
    digest: bytes,
) -> Routed:
    """Find the destinations of a notification.

    Each address is one target, however often it is named. A target without a usable address is
    ``unroutable`` and the others go on. One mail is several deliveries if not all of its recipients
    are to see each other, or if they are many.

    Args:
        notification: From the parser, with one request for each channel at most.
        source: The ``message_id``, else the record's coordinates.
        digest: SHA-256 of the origin record's value.
    """
    requests: Sequence[Request] = notification.requests
    if len(requests) == 1 and (only := _plain(requests[0], notification, channels)):
        target, destination = only
        delivery = Delivery(notification, destination, (target,), source, digest)
        return Routed((delivery,), ())
    router = _Router(notification, defaults, channels, source, digest)
    if len(requests) > 1:
        # If both lead to one URL, the explicit name decides what its receiver is sent.
        requests = sorted(requests, key=lambda request: not _is_explicit(request, channels))
    for request in requests:
        if request.problem is not None:
            router.refuse(request, request.problem.problem)
            continue
        router.route(request)
    return Routed(
        tuple(router.deliveries.values()), tuple(router.unroutable), tuple(router.detours)
    )


def _plain(
    request: Request, notification: Notification, channels: Channels
) -> tuple[Target, Destination] | None:
    """Return where a request leads for one URL that takes one plain request: so do most."""
    if request.problem is not None or request.access or len(request.addresses) != 1:
        return None
    if request.fallbacks:
        return None
    if channels[request.channel].kind is not AddressKind.URL:
        return None
    try:
        found = webhook_destination(channels, request.channel, request.addresses[0])
    except UnroutableError:
        return None
    return found if channels[found[1].channel].requests(notification) == 1 else None


class _Router:
    def __init__(
        self,
        notification: Notification,
        defaults: Defaults,
        channels: Channels,
        source: str,
        digest: bytes,
    ) -> None:
        self._notification = notification
        self._defaults = defaults
        self._channels = channels
        self._source = source
        self._digest = digest
        self.deliveries: dict[tuple[str, int], Delivery] = {}
        self.unroutable: list[tuple[Target, str]] = []
        self.detours: list[Delivery] = []
        self._named = {each for request in notification.requests for each in request.addresses}

    def route(self, request: Request) -> None:
        name, kind = request.channel, self._channels[request.channel].kind
        match kind:
            case AddressKind.URL:
                self._webhook(request)
            case AddressKind.MAIL:
                self._mail(request)
            case AddressKind.NONE:
                self._add(Target(name, name, name), Destination(name, name, name))
            case _:
                assert_never(kind)

    def _add(self, target: Target, destination: Destination) -> None:
        if (target.address, 0) in self.deliveries:
            return
        for each in self._in_parts(target, destination):
            self.deliveries[target.address, each.targets[0].part] = each

    def _in_parts(self, target: Target, destination: Destination) -> Iterator[Delivery]:
        """Yield a delivery for each request that it takes."""
        said = _with_keyword(self._notification, target.access.keyword)
        for part in range(self._channels[destination.channel].requests(said)):
            each = replace(target, part=part) if part else target
            yield Delivery(said, destination, (each,), self._source, self._digest)

    def _instead(self, target: Target, fallback: Fallback | None) -> Target:
        """Return a target with those who are told instead of it, and are not told anyway."""
        if fallback is None:
            return target
        chain: tuple[tuple[Target, ...], ...] = ()
        for channel, address, access in reversed(fallback.steps):
            if address in self._named:
                continue
            made = list(self._detour(channel, address, access, chain))
            self.detours += made
            if made:
                chain = (tuple(each.targets[0] for each in made), *chain)
        return replace(target, fallback=chain, fallback_after=fallback.after) if chain else target

    def _detour(
        self, channel: str, address: str, access: Access, rest: tuple[tuple[Target, ...], ...]
    ) -> Iterator[Delivery]:
        """Yield the deliveries to an address that stands in for another."""
        kind, smtp = self._channels[channel].kind, self._defaults.smtp
        match kind:
            case AddressKind.URL:
                with suppress(UnroutableError):  # it was checked when the file was read
                    target, destination = webhook_destination(self._channels, channel, address)
                    let_in = replace(target, access=access, fallback=rest)
                    yield from self._in_parts(let_in, destination)
            case AddressKind.MAIL:
                found = route_mail(channel, Addressed((address,), (), (), apart=True)).parts
                for targets, heading in found if smtp is not None else ():
                    told = tuple(replace(each, fallback=rest) for each in targets)
                    where = Destination(channel, smtp or "", redact(smtp or ""))
                    yield Delivery(
                        self._notification, where, told, self._source, self._digest, heading
                    )
            case AddressKind.NONE:
                target = Target(channel, channel, channel, fallback=rest)
                yield from self._in_parts(target, Destination(channel, channel, channel))
            case _:
                assert_never(kind)

    def _webhook(self, request: Request) -> None:
        default = self._defaults.webhook_url
        if default is not None and not self._channels.takes_default(request.channel, default):
            default = None
        access, fallbacks = dict(request.access), dict(request.fallbacks)
        urls = request.addresses
        if not urls:
            urls = self._fallback(request, (default,) if default else ())
            secret = self._defaults.webhook_secret
            access = {url: Access(secret=secret) for url in urls} if secret else access
        for url in urls:
            try:
                target, destination = webhook_destination(self._channels, request.channel, url)
            except UnroutableError as error:
                self._refuse(request.channel, url, str(error))
            else:
                let_in = _let_in(target, access.get(url))
                self._add(self._instead(let_in, fallbacks.get(url)), destination)

    def _mail(self, request: Request) -> None:
        name = request.channel
        given, smtp = self._notification.mail, self._defaults.smtp
        to = request.addresses
        if not to and not given.cc and not given.bcc:  # a copy to somebody is an address, too
            to = self._fallback(request, self._defaults.email_to)
        if smtp is None:
            for entry in (*to, *given.cc, *given.bcc):
                self._refuse(name, entry, "no mail server is set (NOTIFIER_EMAIL__HOST)")
            return
        from_file = request.recipient is not None
        found = route_mail(name, Addressed(to, given.cc, given.bcc, apart=from_file))
        for entry, error in found.unusable:
            self._refuse(name, entry, error)
        destination, fallbacks = Destination(name, smtp, redact(smtp)), dict(request.fallbacks)
        for given_targets, heading in found.parts:
            targets = given_targets
            if fallbacks and len(targets) == 1:
                targets = (self._instead(targets[0], fallbacks.get(targets[0].address)),)
            self.deliveries[f"mailto:{targets[0].address}", 0] = Delivery(
                self._notification, destination, targets, self._source, self._digest, heading
            )

    def refuse(self, request: Request, error: str) -> None:
        for address in request.addresses:
            label = self._shown(address)
            self.unroutable.append((Target(request.channel, address, label), error))

    def _fallback(self, request: Request, defaults: tuple[str, ...]) -> tuple[str, ...]:
        """Return the default addresses, unless the message named somebody and means nobody else."""
        if request.recipient is not None:
            self._refuse(
                request.channel, "", f"{request.recipient} has no {request.channel} contact"
            )
            return ()
        if not defaults:
            self._refuse(request.channel, "", "no address, and no default destination is set")
        return defaults

    def _refuse(self, channel: str, address: str, error: str) -> None:
        is_mail = self._channels[channel].kind is AddressKind.MAIL
        label = self._shown(address) if is_mail and address else channel
        self.unroutable.append((Target(channel, address, label), error))

    def _shown(self, address: str) -> str:
        """Show what is no address without letting it break lines, fill pages or tell a secret."""
        address = scrub(address[:MAX_URL_LENGTH], self._channels.secrets)
        shown = address if address.isprintable() else ascii(address)
        return shown if len(shown) <= MAX_LABEL_LENGTH else f"{shown[:MAX_LABEL_LENGTH]}…"


def _is_explicit(request: Request, channels: Channels) -> bool:
    """Say whether a request names the one channel that serves its URLs, whatever their form."""
    if request.channel not in channels:
        return False
    spec = channels[request.channel]
    return spec.kind is AddressKind.URL and not spec.yields


def _let_in(target: Target, access: Access | None) -> Target:
    return target if access is None else replace(target, access=access)


def _with_keyword(notification: Notification, keyword: str | None) -> Notification:
    """Put the keyword of a robot into the footer, unless it stands where nothing is cut off."""
    footer = notification.footer
    text = footer.text if footer else ""
    said = (notification.title or "", notification.content, text)
    if keyword is None or any(keyword in each[:_SURELY_SHOWN] for each in said):
        return notification
    whole = f"{keyword} · {text}" if text else keyword
    return replace(notification, footer=replace(footer or Footer(""), text=whole))
