"""Checks of destinations that can be asked something without a message: does the robot exist?"""

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain

from app.doctor.findings import PATIENCE, Finding, bounded, fail, ok
from app.edges.callbacks import end_of
from app.edges.channels.base import ChannelEntry, Question
from app.edges.guard import AddressGuard
from app.edges.http import HttpAnswer, HttpPort, open_http_client
from app.edges.recipients import load_recipients
from app.policies.addresses.proxies import Proxies
from app.policies.channels import Channels
from app.settings.models import Settings
from app.values.channel import AddressKind
from app.values.delivery import Target
from app.values.errors import RecipientsFileError, UnroutableError

_AT_ONCE = 16
_REMEDY = "Check the URL, and whether the robot, bot or webhook that it belongs to is still there."


async def check_questions(
    settings: Settings,
    channels: Channels,
    proxies: Proxies | None = None,
    tls_context: ssl.SSLContext | None = None,
) -> list[Finding]:
    """Ask every robot, bot and webhook that settings and recipients name whether it is there.

    Nothing is posted.

    Args:
        tls_context: Trusted certificates; the usual ones when left out.
    """
    questions = {
        spec.name: spec.question
        for spec in channels.specs
        if isinstance(spec, ChannelEntry) and spec.question is not None
    }
    asked = dict(_askable(settings, channels, questions))
    if not asked:
        return []
    guard = AddressGuard(settings.webhook.allowed_networks)
    places = asyncio.Semaphore(_AT_ONCE)
    async with open_http_client(guard, tls_context, proxies) as http:

        async def check(target: Target, question: Question) -> list[Finding]:
            async with places:
                subject = f"{target.channel} {target.label}"
                return await bounded(subject, _ask(http, subject, target, question), _REMEDY)

        return [*chain(*await asyncio.gather(*(check(*each) for each in asked.items())))]


async def _ask(http: HttpPort, subject: str, target: Target, question: Question) -> list[Finding]:
    url = question.url(target.address)
    begin = partial(http.begin, url, question.body, {}, PATIENCE)
    answer: HttpAnswer = await end_of(begin)
    if problem := question.fault(answer, target):
        return [fail(subject, problem, _REMEDY)]
    return [ok(subject, "it is there, and lets messages in")]


def _askable(
    settings: Settings, channels: Channels, questions: Mapping[str, Question]
) -> Iterator[tuple[Target, Question]]:
    """Yield each address whose channel has a question."""
    for name, address in _addresses(settings, channels):
        with suppress(UnroutableError):  # the webhooks' own check says so
            url = channels.normalise_url(address)
            serving = channels.serving(name, url).name
            if serving in questions:
                yield Target(serving, url, channels.redact(url)), questions[serving]


def _addresses(settings: Settings, channels: Channels) -> Iterator[tuple[str, str]]:
    """Yield the names of channels with URLs."""
    if settings.webhook.default_url is not None:
        yield "webhook", settings.webhook.default_url.get_secret_value()
    if settings.recipients_file is None:
        return
    with suppress(RecipientsFileError):  # the recipients' own check says so
        recipients = load_recipients(settings.recipients_file, channels)
        for user in recipients.users.values():
            for contact in user.contacts if user.active else ():
                if channels[contact.type].kind is AddressKind.URL:
                    yield contact.type, contact.address
