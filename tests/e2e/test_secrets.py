"""Canaries in every setting and every message, and in what servers answer: none is ever seen."""

import asyncio
import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx

from tests.support.canaries import found, in_json
from tests.support.commands import run
from tests.support.end_to_end import World
from tests.support.http_server import Answer, HttpServer, Received
from tests.support.service import ServiceProcess
from tests.support.smtp_server import scripted_smtp
from tests.support.talkative_broker import talkative_broker

KEY = "canary-of-the-api-key-1"
SIGNING = b64encode(b"canary of the signing secret").decode()
PASSWORD = 'canary "mail/päss" 2'
PROXY = "canary-of-the-proxy-3"
DEFAULT = "c4nary"
CONTACT = "canary-of-the-contact-5"
BEARER = "canary-of-the-header-6"
QUERY = "c7nary"
OWN = "canary-of-a-message-8"
TITLE = "canary-of-a-title-9"
CONTENT = "canary-of-a-content-10"
NAME = "canary-of-a-message-id-11"
ESCAPED = "canary-of-an-escape-12"
MISPLACED = "canary-of-a-channel-13"
SECRET = "canary-of-a-robot-14"
CANARIES = [
    *(KEY, SIGNING, PASSWORD, PROXY, DEFAULT, CONTACT, BEARER, QUERY, OWN, TITLE, CONTENT),
    *(NAME, ESCAPED, MISPLACED, SECRET),
]
PUBLISHED = "POST /notifications, with an id,"
PARAMETER = re.compile(r"\{[^}]+\}")


def discord(token: str) -> str:
    """Return the address of somebody's channel."""
    return f"https://discord.com/api/webhooks/1234567890/{token}"


def repeats_everything(request: Received) -> Answer:
    """Refuse, and say again whatever was said, in several ways."""
    login = request.headers.get("authorization", "")
    path = request.path
    escaped = "".join(f"%{byte:02x}" for byte in path.encode())
    said = [
        path,
        path.rsplit("/", 1)[-1],
        escaped,
        in_json(path),
        login,
        json.dumps(request.headers),
    ]
    said += [b64encode(part.encode()).decode() for part in (path, login, f"x{login}")]
    return Answer(400, "\n".join(said).encode(), {"Content-Type": "text/plain"})


def settings(folder: Path, hooks: HttpServer, mail_port: int) -> dict[str, str]:
    """Return settings, each secret a canary."""
    recipients = folder / "recipients.yaml"
    recipients.write_text(
        f"""
        users:
          trader:
            contacts:
              - {{type: webhook, address: "{hooks.url(f"/hook/{CONTACT}")}", primary: true,
                  headers: {{Authorization: "Bearer {BEARER}"}}, name: "{discord(TITLE)}"}}
        """
    )
    return {
        "NOTIFIER_API_KEYS": f"ops={KEY}",
        "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url(f"/in/{DEFAULT}?key={QUERY}"),
        "NOTIFIER_WEBHOOK__SIGNING_SECRET": f"whsec_{SIGNING}",
        "NOTIFIER_EMAIL__HOST": "127.0.0.1",
        "NOTIFIER_EMAIL__PORT": str(mail_port),
        "NOTIFIER_EMAIL__TLS": "none",
        "NOTIFIER_EMAIL__USERNAME": "me",
        "NOTIFIER_EMAIL__PASSWORD": PASSWORD,
        "NOTIFIER_EMAIL__FROM_ADDRESS": "me@example.com",
        "NOTIFIER_EMAIL__DEFAULT_TO": "you@example.com",
        "NOTIFIER_RECIPIENTS_FILE": str(recipients),
        "NOTIFIER_RETRY__MAX_ATTEMPTS": "1",
        "NOTIFIER_RETRY__MAX_AGE": "0",
        "NOTIFIER_LOG__LEVEL": "DEBUG",
        "NOTIFIER_LOG__FILE": str(folder / "notifier.log"),
        "NOTIFIER_INBOX": "true",
        "HTTPS_PROXY": f"http://me:{PROXY}@127.0.0.1:1",
    }


def messages(hooks: HttpServer) -> list[bytes]:
    """Return records with a canary wherever a producer may put something secret."""
    envelope: dict[str, Any] = {"channels": ["webhook"], "content": "x"}
    told = [
        envelope,
        {**envelope, "metadata": {"title": discord(TITLE)}, "content": f"see {discord(CONTENT)}"},
        {**envelope, "message_id": discord(NAME)},
        {**envelope, "kwargs": {"webhook_url": hooks.url(f"/own/{OWN}"), "secret": SECRET}},
        {**envelope, "channels": [discord(MISPLACED)]},
        {**envelope, "channels": ["email"]},
        {**envelope, "channels": ["email"], "kwargs": {"to": discord(MISPLACED)}},
        {"message_type": "simple", "user_uuid": "trader", "content": discord(CONTENT)},
        {"message_type": "simple", "user_uuid": discord(NAME), "content": "x"},
        {"message_type": "template", "user_uuid": "trader", "template_id": discord(NAME)},
        {**envelope, "kwargs": {"color": discord(TITLE), "footer": 5, "author": discord(TITLE)}},
    ]
    broken = [
        f'{{"channels": 5, "kwargs": {{"webhook\\u005furl": "https://h.example/{ESCAPED}"}}}}',
        f'{{"content": 5, "kwargs": {{"webhook_url": "https://h.example/{in_json(ESCAPED)}"}}}}',
        f'{{"content": "{json.dumps({"webhook_url": f"https://h.example/{ESCAPED}"})[1:-1]}"',
        f"not JSON, but {discord(ESCAPED)}",
    ]
    return [*(json.dumps(each).encode() for each in told), *(each.encode() for each in broken)]


async def everything(service: ServiceProcess) -> dict[str, str]:
    """Return what every call that reads answers, pages, metrics and refusals among them."""
    document = (await service.client.get("/openapi.json")).json()
    letters = (await service.client.get("/dead-letters?limit=500")).json()["dead_letters"]
    reads = [path for path, calls in document["paths"].items() if "get" in calls]
    paths = [path for path in reads if not PARAMETER.search(path) and path != "/events"]
    paths += ["/", "/docs", f"/?q={TITLE[:6]}", f"/deliveries?limit=1000&q={CONTENT}"]
    paths += [f"/dead-letters/{letter['id']}" for letter in letters]
    shown = {path: (await service.client.get(path)).text for path in paths}
    async with service.client.stream("GET", "/events") as stream:
        async for piece in stream.aiter_text():
            shown["/events"] = piece
            break
    for item in messages(HttpServer()):
        answer = await service.client.post("/notifications", content=item)
        is_told = answer.status_code == 202 and NAME.encode() in item
        shown[f"{PUBLISHED if is_told else 'POST'} {len(shown)}"] = answer.text
    lost = await service.client.post(f"/api/webhooks/1/{OWN}", json={})
    shown["POST elsewhere"] = lost.text
    return shown


async def test_no_secret_is_ever_seen(world: World, hooks: HttpServer, tmp_path: Path) -> None:
    """In no answer, page, metric, log, file or output of a command, in no encoding."""
    hooks.behaviour = repeats_everything
    login = b64encode(f"\0me\0{PASSWORD}".encode())
    refusal = b"535-5.7.8 " + PASSWORD.encode() + b"\r\n535 what is AUTH PLAIN " + login + b"?\r\n"
    async with scripted_smtp(b"220 hi\r\n", b"250-x\r\n250 AUTH PLAIN\r\n", refusal) as mail:
        given = settings(tmp_path, hooks, mail.port)
        service = await world.service(given, ready=False)
        service.client.headers["Authorization"] = f"Bearer {KEY}"
        await service.ready()
        publish = await world.publisher(service)
        records = messages(hooks)
        await publish(*records)
        await service.until_stats(lambda got: got["messages_consumed"] == len(records), seconds=20)
        wrong = httpx.Headers({"Authorization": "Bearer guess"})
        assert (await service.client.post("/stop", headers=wrong)).status_code == 401
        shown = await everything(service)
        url = ("--url", service.url)
        as_set = {**given, "NOTIFIER_API_KEY": KEY}
        commands = [
            ("notifier", "doctor", *url),
            ("notifier", "dead-letters", "show", "0/0", *url),
            ("notifier", "recipients", "show", "trader"),
            ("send_test", "--count", "1", "--delay", "0", *url),
        ]
        for command in commands:
            _, out, err = await run(tmp_path, as_set, *command)
            shown[" ".join(command[:3])] = out + err
        await service.stop()
    shown["output and log"] = service.log
    kept = await asyncio.to_thread((tmp_path / "notifier.log").read_text)
    assert set(kept.splitlines()) <= set(service.errors)
    leaks = {where: leak for where, text in shown.items() if (leak := found(text, CANARIES))}
    # Whoever publishes is told the ids that they have given.
    leaks = {where: leak for where, leak in leaks.items() if not where.startswith(PUBLISHED)}
    assert leaks == {}
    assert "535" in shown["/deliveries"]
    assert "discord.com" in shown["/dead-letters"]
    assert f"Bearer {BEARER}" in {each.headers.get("authorization") for each in hooks.received}
    assert discord(TITLE) in str([each.body for each in hooks.received])


async def test_a_broker_that_repeats_the_login_gives_nothing_away(
    world: World, tmp_path: Path
) -> None:
    """Neither in health and log, where what it said is told, nor by the doctor."""
    async with talkative_broker() as address:
        given = {
            "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": address,
            "NOTIFIER_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "NOTIFIER_KAFKA__SASL_MECHANISM": "PLAIN",
            "NOTIFIER_KAFKA__SASL_USERNAME": "me",
            "NOTIFIER_KAFKA__SASL_PASSWORD": PASSWORD,
            "NOTIFIER_LOG__LEVEL": "DEBUG",
        }
        service = await world.service(given, ready=False)
        await service.logged("SaslAuthenticationFailed")
        shown = {path: (await service.client.get(path)).text for path in ("/health", "/stats", "/")}
        published = await service.client.post("/test-notifications")
        assert published.status_code == 503
        _, shown["doctor"], _ = await run(tmp_path, given, "notifier", "doctor")
        await service.stop()
    shown |= {"503": published.text, "log": service.log}
    assert {where: leak for where, text in shown.items() if (leak := found(text, [PASSWORD]))} == {}
    assert "sasl_auth_bytes=b'me\\x00me\\x00***'" in shown["log"]
