"""The service under measure, and everything around it that may mean harm."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.inbox import (
    bark,
    dingtalk,
    discord,
    feishu,
    gotify,
    mattermost,
    ntfy,
    pushplus,
    rocketchat,
    serverchan,
    slack,
    teams,
    telegram,
    wecom,
)
from tests.bounds import corpus, destinations
from tests.support.channels import KNOWN
from tests.support.http_server import Answer, HttpServer, Received, http_server
from tests.support.odd_smtp import Odd, OddSmtp
from tests.support.raw_server import Talk, raw_server
from tests.support.service import ServiceProcess

PATIENCE = 120.0
CALLS = 17
"""Notifications for each destination: one more than it is called with at once."""
SOON = 0.1
"""Seconds in which answers come in, if they come at all."""
PATHS = {
    "webhook": "/hook/{}",
    "discord": "/api/webhooks/{}/token",
    "telegram": "/bot{}:token/sendMessage?chat_id=1",
    "slack": "/services/T1/B1/x{}",
    "feishu": "/open-apis/bot/v2/hook/{}",
    "dingtalk": "/robot/send?access_token={}",
    "wecom": "/cgi-bin/webhook/send?key={}",
    "mattermost": "/hooks/m{}",
    "rocketchat": "/hooks/r{}/token",
    "teams": "/workflows/x{}/triggers/manual/paths/invoke?sig=x",
    "ntfy": "/topic{}",
    "gotify": "/message?token=x{}",
    "bark": "/push?device_key=x{}",
    "serverchan": "/x{}.send",
    "pushplus": "/send?token=x{}",
}
"""Of one user in every service that there is."""
STAND_INS = {
    "discord": discord,
    "telegram": telegram,
    "slack": slack,
    "feishu": feishu,
    "dingtalk": dingtalk,
    "wecom": wecom,
    "mattermost": mattermost,
    "rocketchat": rocketchat,
    "teams": teams,
    "ntfy": ntfy,
    "gotify": gotify,
    "bark": bark,
    "serverchan": serverchan,
    "pushplus": pushplus,
}


SWIFT = 0.013
"""Seconds of processor time that ``slowness`` takes on a machine whose factor is 1: half of what a
Xeon takes with Python 3.11.7 as pyenv builds it, on which all of Node, Go and Python takes twice as
long as where the limits were set."""


def slowness() -> float:
    """Return how many times as long this machine takes for Python as one of ordinary speed; 1 at least.

    Of the same work: a limit in milliseconds says something about the machine, too.
    """

    def once() -> float:
        began = time.process_time()
        sum(number * number for number in range(300_000))
        return time.process_time() - began

    return max(1.0, min(once() for _ in range(5)) / SWIFT)


class Longest(NamedTuple):
    """The longest step of the event loop."""

    own: float  # milliseconds of processor time
    kept: float  # milliseconds for which another thread kept the interpreter's lock, perhaps
    where: list[str]  # the threads meanwhile


class Measured:
    """The service in a process of its own, with its meter."""

    def __init__(
        self,
        service: ServiceProcess,
        hooks: HttpServer,
        mails: OddSmtp,
        broker: str,
        producer: Producer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        users: int,
    ) -> None:
        self.service = service  # the process
        self.hooks = hooks  # where everything goes that names no other address
        self.mails = mails  # where mails go
        self._broker = broker
        self._producer = producer
        self._reader = reader
        self._writer = writer
        self._users = cycle(range(1, users + 1))

    async def steps(self) -> Longest:
        """Return the longest step since the last time."""
        return Longest(**await self._ask("steps"))

    async def memory(self) -> tuple[int, int]:
        """Return the bytes of memory that are in use, and how many files are open."""
        said = await self._ask("memory")
        return said["bytes"], said["files"]

    async def publish(self, *records: bytes, compression: str | None = None) -> None:
        """Write records to the topic in one batch, however much it is before it is compressed."""
        if compression is None:
            for record in records:
                await self._producer.send("notifications", b"k", record)
            return
        async with AIOKafkaProducer(
            bootstrap_servers=self._broker,
            compression_type=compression,
            max_batch_size=2 * sum(map(len, records)) + 100 * len(records),
            max_request_size=2 * sum(map(len, records)) + 100 * len(records),
        ) as producer:
            batch = producer.create_batch()
            for record in records:
                batch.append(key=b"k", value=record, timestamp=None)
            await (await producer.send_batch(batch, "notifications", partition=0))

    async def digest(
        self, record: bytes | Sequence[bytes], compression: str | None = None
    ) -> Longest:
        """Publish a record, wait until it is in the books, and return the longest step meanwhile.

        Or many at once. It goes to one user after the other if it names ``corpus.USER``: chats take one in seconds.
        """
        before = await self._taken()
        await self.steps()
        user = f'"user-{next(self._users)}"'.encode()
        records = [record] if isinstance(record, bytes) else record
        told = [each.replace(f'"{corpus.USER}"'.encode(), user) for each in records]
        await self.publish(*told, compression=compression)
        deadline = time.monotonic() + PATIENCE
        while await self._taken() < before + len(records):
            await self._wait(deadline)
        await asyncio.sleep(SOON)
        return await self.steps()

    async def until_settled(self) -> Longest:
        """Wait until nothing is under way any more, and return the longest step meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while (await self.service.stats())["in_flight"]:
            await self._wait(deadline)
        return await self.steps()

    async def _taken(self) -> int:
        stats = await self.service.stats()
        counts = ("messages_consumed", "messages_deferred", "messages_duplicate", "in_flight")
        return sum(stats[name] for name in counts)

    async def until_delivered(self) -> None:
        """Wait until somebody else's notification is delivered that was published now."""
        others = len(self.hooks.received) + 1
        other = corpus.envelope(kwargs={"webhook_url": self.hooks.url("/other")})
        await self.publish(corpus.encoded(other | {"channels": ["webhook"]}))
        await self.hooks.wait_for(others, PATIENCE)

    async def call(self, name: str, talk: Talk) -> Longest:
        """Let a destination be called, many times at once, and somebody else's beside it.

        Returns:
            The longest step until the others were told.
        """
        await self.steps()
        async with raw_server(talk) as server:
            for path in destinations.PATHS:
                address = destinations.url(name, server.port, path)
                for number in range(CALLS):
                    told = corpus.envelope(f"{number}", kwargs={"webhook_url": address})
                    await self.publish(corpus.encoded(told | {"channels": ["webhook", "discord"]}))
            await self.until_delivered()
            await asyncio.sleep(SOON)
        return await self.steps()

    async def mail(self, odd: Odd) -> Longest:
        """Let the mail server be odd in one session, and by the book when the mail is tried again."""
        await self.mails.close_talks()  # of what is said at the beginning, too
        before, met = len(self.mails.taken), len(self.mails.talks)
        await self.steps()
        self.mails.odd = lambda talk, command: odd(talk, command) if talk.number == met else None
        told = corpus.envelope() | {"channels": ["email"]}
        await self.publish(corpus.encoded(told))
        await self._until(lambda: len(self.mails.talks) > met)
        await asyncio.sleep(SOON)
        await self.mails.close_talks()  # of those that say nothing more
        await self._until(lambda: len(self.mails.taken) > before)
        return await self.steps()

    async def get(self, path: str) -> Longest:
        """Ask for a page, and return the longest step meanwhile."""
        await self.steps()
        await self.service.client.get(path)
        return await self.steps()

    async def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            await self._wait(deadline)

    async def _wait(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing in {PATIENCE} s\n{self.service.log[-1500:]}")
        await asyncio.sleep(0.05)

    async def _ask(self, what: str) -> dict[str, Any]:
        self._writer.write(f"{what}\n".encode())
        said: dict[str, Any] = json.loads(await self._reader.readline())
        return said


def accepted(request: Received) -> Answer:
    """Answer as the service would that a request is for; by default as ntfy would, or anybody."""
    places = {PATHS[name].partition("{")[0].partition("?")[0]: name for name in STAND_INS}
    places |= {"/hooks/m": "mattermost", "/": "ntfy"}
    place = max((each for each in places if request.path.startswith(each)), key=len)
    reply = STAND_INS[places[place]].STAND_IN.accepted
    return Answer(reply.status, reply.body, dict(reply.headers))


def recipients(hooks: HttpServer, users: int) -> str:
    """Return a file of users with a contact of every kind."""
    assert set(PATHS) | {"email", "console"} == set(KNOWN.names)

    def contacts(number: int) -> list[dict[str, str]]:
        mail = {"type": "email", "address": f"u{number}@mail.example"}
        urls = {name: hooks.url(path.format(number)) for name, path in PATHS.items()}
        return [mail, *({"type": name, "address": url} for name, url in urls.items())]

    numbers = range(1, users + 1)
    return json.dumps({"users": {f"user-{each}": {"contacts": contacts(each)} for each in numbers}})


def by_the_book(_talk: object, _command: str) -> None:
    """Let the mail server say what servers say."""


@asynccontextmanager
async def measured_service(
    folder: Path, users: int = 1, more: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Measured]:
    """Start the service and what is around it.

    Args:
        folder: Empty.
        users: How many the recipients file has.
        more: Settings beside those that lead to what is around it.
    """
    async with AsyncExitStack() as stack:
        hooks = await stack.enter_async_context(http_server())
        hooks.behaviour = accepted
        mails = OddSmtp(by_the_book)
        await mails.start()
        stack.push_async_callback(mails.stop)
        (folder / "recipients.yaml").write_text(recipients(hooks, users))
        settings = {
            "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            "NOTIFIER_WEBHOOK__SIGNING_SECRET": "whsec_" + "c2VjcmV0" * 6,
            "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/default"),
            "NOTIFIER_WEBHOOK__TIMEOUT": "2",
            "NOTIFIER_RETRY__BASE_DELAY": "0.1",
            "NOTIFIER_EMAIL__HOST": "127.0.0.1",
            "NOTIFIER_EMAIL__PORT": str(mails.port),
            "NOTIFIER_EMAIL__TLS": "none",
            "NOTIFIER_EMAIL__FROM_ADDRESS": "notifier@mail.example",
            "NOTIFIER_EMAIL__DEFAULT_TO": "you@mail.example",
            "NOTIFIER_INBOX": "false",
            "NOTIFIER_LOG__FILE": str(folder / "log"),
            "NOTIFIER_RECIPIENTS_FILE": str(folder / "recipients.yaml"),
        }
        settings |= more
        socket = str(folder / "meter")
        command = ("-m", "tests.bounds.service", "PORT", socket)
        service = ServiceProcess(folder, settings, command)
        stack.push_async_callback(service.close)
        await service.start()
        await service.ready(PATIENCE)
        broker = (await service.stats())["broker"]
        producer = Producer(Connection(broker, {"bootstrap_servers": broker}))
        stack.push_async_callback(producer.close)
        reader, writer = await asyncio.open_unix_connection(socket)
        stack.callback(writer.close)
        yield Measured(service, hooks, mails, broker, producer, reader, writer, users)
