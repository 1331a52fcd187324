"""A channel is one folder and one line: here is one more, and nothing of the service knows of it.

What stands up to ``SPEC`` is all that a folder in ``app/edges/channels`` would hold.
"""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import SplitResult

import httpx

from app.composition import running_service
from app.edges.channels import CHANNELS
from app.edges.channels.answers import judge, quote_body
from app.edges.channels.base import ChannelEntry
from app.edges.channels.over_http import HttpChannel, HttpRequest
from app.edges.http import HttpAnswer
from app.edges.own_addresses import OwnAddresses
from app.faces.api.application import build_app
from app.faces.dashboard import add_pages
from app.faces.service import Service
from app.policies.texts.notes import Notes
from app.values.channel import RefusalLimit, SecretForm
from app.values.delivery import Delivery, Target
from app.values.note import Note
from app.values.outcome import Outcome
from app.values.snapshot import Status
from tests.support.engine import until
from tests.support.fakes import no_lifespan, serve
from tests.support.http_server import Answer, HttpServer, http_server
from tests.support.settings import Sandbox

MOST_SAID = 20
_PATH = re.compile(r"/parrots/([a-z]+)/([^/]+)")


class ParrotChannel(HttpChannel):
    """Has a parrot say what is to be said; a parrot remembers few characters."""

    name = "parrot"
    in_order = True
    refusal_limit = RefusalLimit(budget=100, window=60.0)

    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """See ``HttpChannel.request``."""
        del now
        (delivery,) = deliveries
        body = json.dumps({"say": delivery.notification.content[:MOST_SAID]}).encode()
        return HttpRequest(delivery.targets[0].address, body, {})

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return judge(answer, quote_body(answer, target), now)

    def notes(self, delivery: Delivery) -> tuple[Note, ...]:
        """See ``HttpChannel.notes``."""
        notes = Notes()
        if len(delivery.notification.content) > MOST_SAID:
            notes.add("content", "longer than a parrot remembers; shortened")
        return notes.all()


def _is_parrot(url: SplitResult) -> bool:
    return _PATH.fullmatch(url.path) is not None


def _limit_key(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc}{url.path}" if _is_parrot(url) else ""


def _shown(url: SplitResult) -> str:
    match = _PATH.fullmatch(url.path)
    return f"/parrots/{match[1]}/" if match else ""


SPEC = ChannelEntry(
    name="parrot",
    recognises=_is_parrot,
    fault=lambda url: "names a dead parrot" if url.path.startswith("/parrots/dead/") else "",
    limit_key=_limit_key,
    shown=_shown,
    secret=SecretForm("parrots", r"/parrots/[a-z]+/([^/\s]+)"),
    make=lambda means: ParrotChannel(means.http, means.webhook_timeout),
)


@asynccontextmanager
async def running(
    root: Path, parrot: str = "http://127.0.0.1:1/parrots/polly/s3cret"
) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    """Run a service that has one more channel, and a client of it.

    Args:
        root: For files.
        parrot: The address of the only user of the recipients file.
    """
    sandbox = Sandbox(root)
    contact = f"{{type: parrot, address: '{parrot}'}}"
    sandbox.write("recipients.yaml", f"users: {{polly: {{contacts: [{contact}]}}}}")
    environ = {
        "NOTIFIER_INBOX": "false",
        "NOTIFIER_RECIPIENTS_FILE": str(sandbox.directory / "recipients.yaml"),
        "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
    }
    app = build_app(no_lifespan)
    add_pages(app)
    entries = (*CHANNELS, SPEC)
    async with running_service(sandbox.load(environ), OwnAddresses(), entries) as service:
        await until(lambda: service.worker.snapshot().status is Status.RUNNING)
        async with serve(app, service) as client:
            yield service, client


async def publish(client: httpx.AsyncClient, **message: object) -> None:
    """Publish a message, which is accepted."""
    response = await client.post("/notifications", json=message)
    assert response.status_code == 202, response.text


async def said(server: HttpServer, count: int) -> list[str]:
    """Wait for so many requests, and return what parrots were to say."""
    await until(lambda: len(server.received) >= count)
    return [each.json["say"] for each in server.received]


async def test_one_more_channel_delivers_all_the_way(tmp_path: Path) -> None:
    """By its name and by the form of a URL, one at a time, in one lane, with its token hidden."""
    async with (
        http_server(Answer(200, delay=0.02)) as server,
        running(tmp_path) as (service, client),
    ):
        named = {"webhook_url": server.url("/parrots/polly/s3cret")}
        recognised = {"webhook_url": server.url("/parrots/polly/s3cret?a=b")}
        await publish(client, content="x" * 30, channels=["parrot"], kwargs=named)
        assert await said(server, 1) == ["x" * MOST_SAID]
        for number in range(8):
            await publish(client, content=f"{number}", channels=["webhook"], kwargs=recognised)
        assert set(await said(server, 9)) == {"x" * MOST_SAID, *map(str, range(8))}
        assert server.most_under_way == 1
        await until(lambda: service.worker.snapshot().messages_sent == 9)
        stats = (await client.get("/stats")).json()
        assert list(stats["destinations"]) == [f"{server.url('/parrots/polly/')}***"]
        log = (await client.get("/deliveries")).text
        assert "longer than a parrot remembers" in log
        page = (await client.get("/")).text
        assert "<option >parrot</option>" in page
        assert "s3cret" not in f"{stats} {log} {page}"


async def test_one_more_type_of_contact(tmp_path: Path) -> None:
    """The recipients file takes it; it serves the channel that yields to it as well."""
    async with http_server(Answer(200)) as server:
        address = server.url("/parrots/polly/s3cret")
        async with running(tmp_path, address) as (_, client):
            await publish(client, message_type="simple", content="typed", user_uuid="polly")
            meant = {"user_uuid": "polly"}
            await publish(client, content="told", channels=["webhook"], metadata=meant)
            assert set(await said(server, 2)) == {"typed", "told"}


async def test_what_it_does_not_take_is_said(tmp_path: Path) -> None:
    """Whoever names no channel is told which there are; an unusable URL fails alone, and why."""
    async with running(tmp_path) as (service, client):
        response = await client.post("/notifications", json={"content": "x", "channels": ["cat"]})
        assert "console or parrot" in response.text
        dead = {"webhook_url": "http://127.0.0.1:1/parrots/dead/s3cret"}
        await publish(client, content="x", channels=["webhook"], kwargs=dead)
        await until(lambda: service.worker.snapshot().messages_failed == 1)
        log = (await client.get("/deliveries")).text
        assert "names a dead parrot" in log
        assert "s3cret" not in log
