"""Chat and push services from the topic to the reader, by their services' rules."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.inbox.behaviour import Behaviour
from app.inbox.http_server import serve_http
from app.values.inbox import InboxCard
from tests.support.end_to_end import World, hooks
from tests.support.http_server import Answer, HttpServer, Received

__all__ = ["hooks"]

PATHS = {
    "telegram": "/bot123456:AAverysecret/sendMessage?chat_id=42",
    "slack": "/services/T0001/B0002/verysecret",
    "teams": "/workflows/ab12/triggers/manual/paths/invoke?api-version=1&sig=verysecret",
    "mattermost": "/hooks/verysecretverysecret",
    "rocketchat": "/hooks/65f0/verysecretverysecret",
    "ntfy": "/verysecret-topic",
    "gotify": "/message?token=verysecret",
    "bark": "/verysecretverysecret",
    "serverchan": "/SCTverysecret.send",
    "pushplus": "/send?token=verysecret",
}
RECOGNISED = ("telegram", "slack", "teams")
BURST = 40


class Services(NamedTuple):
    """The services on one server, by the rules of the inbox."""

    base: str  # where they are
    cards: list[InboxCard]  # what they show

    def shown(self, name: str) -> str:
        """Return everything that one of them shows."""
        texts = [
            f"{card.title}\n{card.text}\n{card.footer}" for card in self.cards if card.kind == name
        ]
        return "\n".join(texts)


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    """All of them."""
    cards: list[InboxCard] = []

    async def keep(card: InboxCard) -> None:
        cards.append(card)

    async with serve_http(keep, lambda: Behaviour.OK, 0.0) as (host, port):
        yield Services(f"http://{host}:{port}", cards)


def envelope(content: str, url: str | None = None, **more: Any) -> dict[str, Any]:
    """Return what producers write."""
    message: dict[str, Any] = {
        "content": content,
        "channels": ["webhook"],
        "metadata": {"title": "Risk <room>"},
        "kwargs": {"color": 0xFF0000, "fields": [{"name": "Account", "value": "A_1"}]},
    }
    if url:
        message["kwargs"]["webhook_url"] = url
    return message | more


def recipients(folder: Path, base: str) -> dict[str, str]:
    """Write a recipients file with a user for each service; return the setting."""
    users = "\n".join(
        f"  {name}: {{contacts: [{{type: {name}, address: '{base}{path}'}}]}}"
        for name, path in PATHS.items()
    )
    file = folder / "recipients.yaml"
    file.write_text(f"users:\n{users}\n", encoding="utf-8")
    return {"NOTIFIER_RECIPIENTS_FILE": str(file)}


async def test_every_service_is_told_by_contact_by_name_and_by_url(
    world: World, services: Services, tmp_path: Path
) -> None:
    """All that is said is shown, once; no secret is. Some paths tell whose they are, on any host."""
    service = await world.service(recipients(tmp_path, services.base))
    publish = await world.publisher(service)
    for name in PATHS:
        await publish(
            {
                "message_type": "simple",
                "content": f"typed for {name}",
                "user_uuid": name,
                "title": "T",
            },
            envelope(
                f"named *{name}*", channels=[name], metadata={"user_uuid": name, "title": "Risk"}
            ),
        )
    for name in RECOGNISED:
        await publish(envelope(f"by URL for {name}", f"{services.base}{PATHS[name]}"))
    count = 2 * len(PATHS) + len(RECOGNISED)
    stats = await service.until_stats(lambda got: got["messages_sent"] == count, seconds=60)
    assert (stats["messages_failed"], stats["messages_retried"]) == (0, 0)
    for name in PATHS:
        shown = services.shown(name)
        assert shown.count(f"typed for {name}") == 1
        assert shown.count(f"named *{name}*") == 1
        assert shown.count(f"by URL for {name}") == (name in RECOGNISED)
    told = f"{stats} {service.log} {(await service.client.get('/deliveries')).text}"
    assert "verysecret" not in told


async def test_a_burst_is_merged_in_order(world: World, services: Services) -> None:
    """Within what the service publishes; each notification has its own outcome."""
    service = await world.service()
    publish = await world.publisher(service)
    await service.client.post("/pause")
    url = f"{services.base}{PATHS['telegram']}"
    await publish(*(envelope(f"<{number:03}>", url) for number in range(BURST)), key=b"one")
    await service.client.post("/resume")
    stats = await service.until_stats(lambda got: got["messages_sent"] == BURST, seconds=60)
    assert stats["messages_retried"] == 0
    shown = services.shown("telegram")
    places = [shown.index(f"<{number:03}>") for number in range(BURST)]
    assert places == sorted(places)
    assert len({card.raw for card in services.cards}) <= BURST // 2


async def test_a_refused_form_is_sent_as_plain_text(world: World, hooks: HttpServer) -> None:
    """Slack refuses blocks: the same arrives as a text, and the delivery's story says so."""

    def answer(request: Received) -> Answer:
        return (
            Answer(400, b"invalid_blocks") if "attachments" in request.json else Answer(200, b"ok")
        )

    hooks.behaviour = answer
    service = await world.service()
    publish = await world.publisher(service)
    await publish(envelope("a < b", hooks.url(PATHS["slack"]), message_id="one"))
    stats = await service.until_stats(lambda got: got["messages_sent"] == 1, seconds=30)
    assert (stats["messages_retried"], stats["messages_adjusted"]) == (1, 1)
    assert "a &lt; b" in hooks.received[-1].json["text"]
    assert "sent as plain text" in (await service.client.get("/deliveries")).text


async def test_a_group_that_moved_is_followed(world: World, hooks: HttpServer) -> None:
    """Telegram names the new number: nothing is lost, and health says what to change."""
    moved = {
        "ok": False,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
    }

    def answer(request: Received) -> Answer:
        if request.json["chat_id"] == 42:
            return Answer.of_json(400, moved | {"parameters": {"migrate_to_chat_id": -1007}})
        return Answer.of_json(200, {"ok": True})

    hooks.behaviour = answer
    service = await world.service({"NOTIFIER_RETRY__BASE_DELAY": "0.05"})
    publish = await world.publisher(service)
    url = hooks.url(PATHS["telegram"])
    await publish(envelope("first", url), envelope("second", url), key=b"one")
    await service.until_stats(lambda got: got["messages_sent"] == 2, seconds=30)
    asked = [request.json["chat_id"] for request in hooks.received]
    assert asked.count(42) == 1
    await service.logged("write chat_id=-1007 in its address")
    assert "AAverysecret" not in service.log


async def test_a_webhook_that_is_gone_is_asked_once(world: World, hooks: HttpServer) -> None:
    """What was for it is a dead letter that says what to do."""
    hooks.behaviour = Answer(404, b"no_service")
    service = await world.service()
    publish = await world.publisher(service)
    url = hooks.url(PATHS["slack"])
    await publish(*(envelope(str(number), url) for number in range(3)), key=b"one")
    await service.until_stats(lambda got: got["messages_failed"] == 3, seconds=30)
    letters = (await service.client.get("/dead-letters")).json()["dead_letters"]
    assert {letter["reason"] for letter in letters} == {"rejected"}
    assert "make a new incoming webhook" in json.dumps(letters)
    assert "verysecret" not in json.dumps(letters)
    assert len(hooks.received) == 1


async def test_an_address_that_lacks_something_fails_alone(
    world: World, services: Services
) -> None:
    """A retired connector, a bot without a chat, a topic without a name: each says what to do."""
    service = await world.service()
    publish = await world.publisher(service)
    await publish(
        envelope("1", "https://acme.webhook.office.com/webhookb2/1/IncomingWebhook/2/3"),
        envelope("2", f"{services.base}/bot123456:AAverysecret/sendMessage"),
        envelope("3", f"{services.base}/", channels=["ntfy"]),
    )
    await service.until_stats(lambda got: got["messages_failed"] == 3, seconds=30)
    letters = json.dumps((await service.client.get("/dead-letters")).json())
    for words in ("Microsoft has retired those", "add ?chat_id=", "names no topic"):
        assert words in letters
    assert "verysecret" not in letters
