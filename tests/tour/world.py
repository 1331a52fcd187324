"""A small firm on real Kafka: three workers, and destinations of every temper."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.inbox.inbox import Inbox
from tests.support.http_server import Answer, Behaviour, HttpServer, Received, http_server
from tests.support.kafka_cluster import KafkaCluster
from tests.support.service import ServiceProcess
from tests.support.tools import Tools

WORKERS: Final = 3
TOPIC: Final = "notifications"
KEY: Final = "key-of-the-tour-only"
STORY: Final = "risk-limit-7"
"""The notification whose story is shown: one of its targets fails."""
RATE: Final = 6.0
SYMBOLS: Final = (
    *(("AAPL", 187.42), ("MSFT", 421.07), ("NVDA", 131.3), ("TSLA", 251.44)),
    *(("600519 贵州茅台", 1488.0), ("000858 五粮液", 131.65), ("300750 宁德时代", 262.8)),
)
GONE: Final = Answer.of_json(404, {"message": "Unknown Webhook", "code": 10015})
LIMITED: Final = Answer.of_json(429, {"message": "slow down", "retry_after": 9.0}, Retry_After="9")
TOO_LONG: Final = Answer(400, b"the field 'strategy' is missing")


class Firm:
    """Three workers, and everybody whom they tell something."""

    def __init__(self, hooks: HttpServer, inbox: Inbox, bootstrap: str, folder: Path) -> None:
        self.workers: list[ServiceProcess] = []  # in the order in which they were started
        self._hooks = hooks
        self._inbox = inbox
        self._bootstrap = bootstrap
        self._folder = folder
        self._chance = random.Random(7)
        self._numbers = count(1)
        hooks.behaviour = self._answer

    async def start(self, stack: AsyncExitStack) -> None:
        """Start the workers, and wait until all have joined."""
        recipients = self._folder / "recipients.yaml"
        recipients.write_text(yaml.safe_dump(self._recipients()), encoding="utf-8")
        host, port = self._inbox.smtp_address
        for number in range(WORKERS):
            home = self._folder / f"worker-{number + 1}"
            home.mkdir()
            settings = {
                "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": self._bootstrap,
                "NOTIFIER_API_KEYS": json.dumps([f"ops={KEY}"]),
                "NOTIFIER_RECIPIENTS_FILE": str(recipients),
                "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
                "NOTIFIER_EMAIL__HOST": host,
                "NOTIFIER_EMAIL__PORT": str(port),
                "NOTIFIER_EMAIL__TLS": "none",
                "NOTIFIER_EMAIL__FROM_ADDRESS": "alerts@example.com",
            }
            worker = ServiceProcess(home, settings)
            stack.push_async_callback(worker.close)
            worker.client.headers["Authorization"] = f"Bearer {KEY}"
            await worker.start()
            await worker.ready(120)
            self.workers.append(worker)

    async def look_after(self) -> None:
        """Do what operators do: pause a destination, and test another."""
        client = self.workers[0].client
        for what, whom in (("pause", "Archive"), ("test", "Trading desk")):
            found = (await client.get("/destinations", params={"q": whom})).json()
            [destination] = found["destinations"]
            answer = await client.post(f"/destinations/{destination['id']}/{what}")
            answer.raise_for_status()

    async def trade(self) -> None:
        """Publish, for as long as this is awaited."""
        producer = Producer(Connection(self._bootstrap, {"bootstrap_servers": self._bootstrap}))
        try:
            await self._publish(producer, STORY, self._risk(STORY))
            for number in self._numbers:
                name, value = self._any(number)
                await self._publish(producer, name, value)
                await asyncio.sleep(self._chance.expovariate(RATE))
        finally:
            await producer.close()

    async def _publish(self, producer: Producer, name: str, value: dict[str, Any]) -> None:
        await producer.write(TOPIC, name.encode(), msgspec.json.encode(value))

    def _any(self, number: int) -> tuple[str, dict[str, Any]]:
        if number % 23 == 0:
            return f"risk-limit-{number}", self._risk(f"risk-limit-{number}")
        if number % 31 == 0:
            return f"odd-{number}", {"message_id": f"odd-{number}", "channels": ["webhook"]}
        symbol, price = self._chance.choice(SYMBOLS)
        price *= self._chance.uniform(0.99, 1.01)
        side, quantity = self._chance.choice(("Bought", "Sold")), self._chance.randrange(100, 900)
        users = ("alice", "bob", "desk", "desk", "desk", "archive", "quant", "compliance", "old")
        return f"order-{number}", {
            "message_id": f"order-{number}",
            "content": f"{side} {quantity} at {price:,.2f}",
            "metadata": {
                "title": f"Order filled: {symbol}",
                "user_uuid": self._chance.choice(users),
            },
        }

    def _risk(self, name: str) -> dict[str, Any]:
        return {
            "message_id": name,
            "content": "The drawdown of the strategy 'pairs' is 4.1 %, its limit 4 %.",
            "metadata": {"title": "Risk limit reached: pairs", "user_uuid": "risk"},
            "priority": 3,
        }

    def _recipients(self) -> dict[str, Any]:
        robot = "http://{}:{}".format(*self._inbox.http_address)
        discord = f"{self._hooks.url()}api/webhooks"
        contacts: dict[str, tuple[str, list[dict[str, Any]]]] = {
            "desk": ("Trading desk", [webhook(f"{discord}/1001/token", "Discord")]),
            "alice": (
                "Alice Chen",
                [
                    contact(
                        "telegram", f"{robot}/bot42:token/sendMessage?chat_id=-1001", "Telegram"
                    ),
                    contact("email", "alice@example.com", "mail"),
                ],
            ),
            "bob": ("Bob Lee", [contact("feishu", f"{robot}/open-apis/bot/v2/hook/t", "Feishu")]),
            "risk": (
                "Risk room",
                [
                    webhook(f"{self._hooks.url()}risk/alerts", "alert gateway"),
                    contact("email", "risk@example.com", "mail"),
                ],
            ),
            "quant": ("Quants", [webhook(f"{discord}/1002/token", "Discord")]),
            "archive": ("Archive", [webhook(f"{self._hooks.url()}archive/in", "store")]),
            "compliance": (
                "Compliance",
                [webhook(f"{self._hooks.url()}compliance/in", "case file")],
            ),
            "old": ("Old desk", [webhook(f"{discord}/1003/token", "Discord")]),
        }
        return {
            "users": {
                identity: {"name": name, "contacts": [{**each, "primary": True} for each in given]}
                for identity, (name, given) in contacts.items()
            }
        }

    def _answer(self, request: Received) -> Behaviour:
        slow = self._chance.uniform(0.02, 0.12)
        match request.path.split("/"):
            case [_, "risk", _]:
                return Answer(503, b"the gateway is being restarted", delay=slow)
            case [_, "compliance", _]:
                return TOO_LONG if self._chance.random() < 0.2 else Answer(delay=slow)
            case [_, "api", _, "1002", *_] if self._chance.random() < 0.1:
                return LIMITED
            case [_, "api", _, "1003", *_]:
                return GONE
            case _:
                return Answer(delay=slow)


def contact(kind: str, address: str, name: str) -> dict[str, Any]:
    """Return a contact as the recipients file has it."""
    return {"type": kind, "address": address, "name": name}


def webhook(address: str, name: str) -> dict[str, Any]:
    """Return a contact of the type ``webhook``."""
    return contact("webhook", address, name)


@asynccontextmanager
async def firm(folder: Path) -> AsyncIterator[Firm]:
    """Run it on a broker of its own; notifications flow while the block runs."""
    tools = Tools.here()
    kafka = KafkaCluster(folder / "kafka", java=tools.java(), jars=tools.kafka_jars(), brokers=1)
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(kafka)
        hooks = await stack.enter_async_context(http_server())
        inbox = await stack.enter_async_context(Inbox())
        made = Firm(hooks, inbox, cluster.bootstrap, folder)
        await made.start(stack)
        trading = asyncio.create_task(made.trade(), name="trade")
        try:
            yield made
        finally:
            trading.cancel()
            with suppress(asyncio.CancelledError):
                await trading
