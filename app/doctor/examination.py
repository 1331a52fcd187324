"""The examination: every check, in the order of a record's way through the service."""

from collections.abc import AsyncIterator
from functools import partial

from app.doctor.destinations import check_mail, check_operator, check_webhooks
from app.doctor.files import check_recipients, check_settings, check_templates
from app.doctor.findings import PATIENCE, Finding, bounded, fail, ok, skip
from app.doctor.kafka import check_kafka
from app.doctor.questions import check_questions
from app.doctor.telemetry import check_telemetry
from app.edges.channels import CHANNELS
from app.edges.service_client import ServiceAbsentError, ServiceClient
from app.policies.channels import Channels
from app.settings.load import LoadedSettings
from app.settings.models import env_name

_EMBEDDED = (
    "embedded: in memory, inside the running service, for development; nothing to look at from"
    f" outside. Name a Kafka broker in {env_name('kafka.bootstrap_servers')} for real work."
)


async def examine(loaded: LoadedSettings, service_url: str) -> AsyncIterator[Finding]:
    """Yield the findings of every check, as soon as they are known."""
    settings, channels = loaded.settings, Channels(CHANNELS)
    for finding in await check_settings(settings):
        yield finding
    if settings.kafka.embedded:
        yield skip("broker", _EMBEDDED)
    else:
        async for finding in check_kafka(settings.kafka, history=settings.history):
            yield finding
    for finding in await check_recipients(settings, channels):
        yield finding
    traces = partial(check_telemetry, loaded.telemetry)
    for check in (partial(check_templates, settings), partial(check_mail, settings), traces):
        for finding in await check():
            yield finding
    for look in (check_webhooks, check_questions, check_operator):
        for finding in await look(settings, channels, loaded.proxies):
            yield finding
    remedy = "Check --url and the service's log."
    for finding in await bounded("service", _service(service_url), remedy):
        yield finding


async def _service(url: str) -> list[Finding]:
    async with ServiceClient(url, timeout=PATIENCE) as client:
        try:
            health = await client.health()
        except ServiceAbsentError as error:
            return [skip("service", str(error))]
    state = f"{health['status']} at {client.url} (group {health['group_id']})"
    if problem := health.get("problem"):
        return [fail("service", f"{state}: {problem}", "Its log says more.")]
    warnings = health.get("warnings", [])
    return [ok("service", state), *(_warned(str(each)) for each in warnings)]


def _warned(text: str) -> Finding:
    """Return the warnings of a running service; each says how to mend it."""
    return fail("service's warning", text, "docs/operations.md says more.")
