"""Webhooks over real sockets: what is sent, and what every kind of answer means."""

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.edges.channels.answers import allowance, quote, secrets_of
from app.edges.channels.discord.channel import DiscordChannel
from app.edges.channels.webhook.channel import WebhookChannel
from app.edges.guard import AddressGuard
from app.edges.http import HttpPort, open_http_client
from app.policies.parsing.colors import BLUE
from app.policies.routing import Defaults, route
from app.values.delivery import Delivery, Destination, Target
from app.values.notification import (
    Attachment,
    Author,
    Embed,
    Field,
    Footer,
    Image,
    Mail,
    Notification,
    Request,
    Sender,
)
from app.values.outcome import (
    Allowance,
    Delivered,
    Denied,
    Gone,
    Outcome,
    RateLimited,
    Rejected,
    Retry,
    Scope,
)
from tests.support.channels import KNOWN, attempt
from tests.support.http_client import TRUSTING_NOBODY
from tests.support.http_server import (
    Answer,
    Behaviour,
    Hang,
    HttpServer,
    Raw,
    Reset,
    Trickle,
    http_server,
)

TIMEOUT = 10.0
"""Seconds: no answer of these tests takes so long on any machine."""
NOW = 1_700_000_000.0
JSON = {"Content-Type": "application/json"}
SECRET_PATH = "/api/webhooks/42/very-secret-token"


@pytest.fixture
async def http() -> AsyncIterator[HttpPort]:
    """The port, allowed to reach loopback."""
    guard = AddressGuard((ipaddress.ip_network("127.0.0.0/8"),))
    async with open_http_client(guard, tls_context=TRUSTING_NOBODY) as client:
        yield client


@pytest.fixture
async def hooks() -> AsyncIterator[HttpServer]:
    """A server that answers as told."""
    async with http_server() as server:
        yield server


def delivery(to: str, **fields: Any) -> Delivery:
    """Return a delivery to one webhook."""
    told = Notification(**{"content": "text", "requests": (Request("webhook"),), **fields})
    target = Target("webhook", to, "label")
    return Delivery(told, Destination("discord", to, "label"), (target,), "source", b"digest")


def patience(hooks: HttpServer) -> float:
    """Return the time-out of an attempt: short where the whole of it passes."""
    return 0.5 if isinstance(hooks.behaviour, Hang | Trickle) else TIMEOUT


async def discord(http: HttpPort, hooks: HttpServer, **fields: Any) -> Outcome:
    """Make one attempt at a Discord webhook."""
    channel = DiscordChannel(http, patience(hooks), clock=lambda: NOW)
    ((outcome,),) = (await attempt(channel, [delivery(hooks.url(SECRET_PATH), **fields)])).outcomes
    return outcome


async def generic(http: HttpPort, hooks: HttpServer, *keys: bytes) -> Outcome:
    """Make one attempt at any other webhook."""
    channel = WebhookChannel(http, patience(hooks), keys, clock=lambda: NOW)
    ((outcome,),) = (
        await attempt(channel, [delivery(hooks.url("/hook"), title="T", color=255)])
    ).outcomes
    return outcome


ANSWERS: list[tuple[Behaviour, type, type]] = [
    (Answer(200), Delivered, Delivered),
    (Answer(204), Delivered, Delivered),
    (Answer(302, headers={"Location": "/x"}), Rejected, Rejected),
    (Answer(400, b'{"message": "bad", "code": 50035, "errors": {"a": 1}}'), Rejected, Rejected),
    (Answer(401), Denied, Denied),
    (Answer(401, b'{"message": "Invalid Webhook Token", "code": 50027}'), Gone, Denied),
    (Answer.of_json(403, {"message": "Missing Access", "code": 50001}), Denied, Denied),
    (Answer(404), Rejected, Rejected),
    (Answer(404, b'{"message": "Unknown Webhook", "code": 10015}'), Gone, Rejected),
    (Answer(408), Retry, Retry),
    (Answer(410), Gone, Gone),
    (Answer(425), Retry, Retry),
    (Answer(500), Retry, Retry),
    (Answer(503, headers={"Retry-After": "7"}), Retry, Retry),
    (Answer(999), Retry, Retry),
    (Raw(b"nonsense\r\n\r\n"), Retry, Retry),
    (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"), Delivered, Delivered),
    (Raw(b""), Retry, Retry),
    (Hang(), Retry, Retry),
    (Reset(), Retry, Retry),
    (Trickle(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"), Retry, Retry),
    (Answer(429, b"x" * 200_000), RateLimited, RateLimited),
]


@pytest.mark.parametrize(("answer", "by_discord", "by_others"), ANSWERS)
async def test_every_answer_is_an_outcome(
    http: HttpPort, hooks: HttpServer, answer: Behaviour, by_discord: type, by_others: type
) -> None:
    """Whatever a destination does, there is one outcome, and the secret is not in it."""
    hooks.behaviour = answer
    for outcome, wanted in (
        (await discord(http, hooks), by_discord),
        (await generic(http, hooks), by_others),
    ):
        assert type(outcome) is wanted, outcome
        assert "very-secret-token" not in repr(outcome)


@pytest.mark.parametrize(
    ("answer", "after", "scope"),
    [
        (Answer.of_json(429, {"retry_after": 1.5, "global": False}), 1.5, "destination"),
        (Answer.of_json(429, {"retry_after": 2, "global": True}), 2.0, "host"),
        (Answer.of_json(429, {"message": "x"}, X_RateLimit_Reset_After="3"), 3.0, "destination"),
        (Answer(429, b"cloudflare", {"Retry-After": "9"}), 9.0, "host"),
        (Answer.of_json(429, {"retry_after": 1e300}), 3600.0, "destination"),
        (Answer(429, b'{"retry_after": 1e999}', JSON), 3600.0, "destination"),
        (Answer.of_json(429, {"retry_after": "0.7"}, X_RateLimit_Limit="5"), 0.7, "destination"),
        (Answer.of_json(429, {"retry_after": 1e-9}), 1e-9, "destination"),
        (Answer.of_json(429, {"retry_after": 0}, Retry_After="0.0003"), 0.0, "destination"),
        (Answer.of_json(429, {"retry_after": True}, Retry_After="2"), 2.0, "destination"),
        (
            Answer.of_json(429, {"retry_after": [1], "code": {}}, Retry_After="2"),
            2.0,
            "destination",
        ),
        (
            Answer.of_json(429, {"retry_after": -1, "message": 7}, Retry_After="2"),
            2.0,
            "destination",
        ),
        (
            Answer.of_json(429, {"retry_after": None, "global": 1}, Retry_After="2"),
            2.0,
            "destination",
        ),
        (Answer(429, b"", {"Retry-After": "soon"}), 60.0, "host"),
        (Answer.of_json(429, {"code": 0, "message": "You are being blocked"}), 60.0, "host"),
        (Answer.of_json(429, {"retry_after": 1500}, Retry_After="2"), 2.0, "destination"),
        (Answer.of_json(429, {"retry_after": 0.3}, Retry_After="1"), 0.3, "destination"),
        (
            Answer.of_json(429, {"retry_after": 2}, X_RateLimit_Scope="shared"),
            2.0,
            "shared",
        ),
    ],
)
async def test_discords_rate_limits_are_understood(
    http: HttpPort, hooks: HttpServer, answer: Answer, after: float | None, scope: str
) -> None:
    """Seconds from body or headers, global or not, absurd ones bounded."""
    hooks.behaviour = answer
    outcome = await discord(http, hooks)
    assert isinstance(outcome, RateLimited)
    assert (outcome.after, outcome.scope) == (after, scope)


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("12", 12.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("2023-11-14T22:13:30Z", 10.0),
        (f"{NOW + 10:.0f}", 10.0),
        (f"{(NOW + 10) * 1000:.0f}", 10.0),
        ("-5", None),
        ("nan", None),
        ("soon", None),
    ],
)
async def test_retry_after_is_seconds_or_a_time(
    http: HttpPort, hooks: HttpServer, header: str, after: float | None
) -> None:
    """Both forms of RFC 9110 count, and the times that people send instead; nonsense does not."""
    hooks.behaviour = Answer(429, headers={"Retry-After": header})
    outcome = await generic(http, hooks)
    assert isinstance(outcome, RateLimited)
    assert outcome.after == after


@pytest.mark.parametrize("unit", [1, 1e3, 1e6, 1e9], ids=["s", "ms", "us", "ns"])
def test_the_end_of_a_period_is_understood_in_any_unit(unit: float) -> None:
    """Rocket.Chat counts milliseconds since the epoch, most others seconds."""
    reset = f"{(NOW + 7) * unit:.0f}"
    told = allowance({"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}, NOW)
    assert told is not None
    assert told.reset_after == pytest.approx(7)


def test_credentials_are_secrets_in_every_spelling() -> None:
    """As they stand in the URL, decoded, and as the header that is made of them."""
    hidden = secrets_of("https://user:p%40ssword@hooks.example/in")
    encoded = base64.b64encode(b"user:p@ssword").decode()
    assert quote(f"hooks.example: p%40ssword, p@ssword, {encoded}", hidden) == (
        "hooks.example: ***, ***, ***"
    )


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, b"<html><body>Error 1015</body></html>", {"Content-Type": "text/html"}),
        Answer(403, b"error code: 1015", {"Content-Type": "text/plain", "Server": "cloudflare"}),
        Answer.of_json(401, {"error": "who are you?"}),
    ],
    ids=["a page", "a line", "another's JSON"],
)
async def test_what_is_not_discords_word_holds_the_host_and_refuses_nothing(
    http: HttpPort, hooks: HttpServer, answer: Answer
) -> None:
    """A CDN's refusal is about this machine and not about the notification."""
    hooks.behaviour = answer
    outcome = await discord(http, hooks)
    assert isinstance(outcome, RateLimited)
    assert (outcome.after, outcome.scope) == (60.0, Scope.HOST)


async def test_nobody_there_and_a_forbidden_address(hooks: HttpServer) -> None:
    """A refused connection may pass; a private address never will."""
    async with open_http_client(AddressGuard()) as guarded:
        assert isinstance(await discord(guarded, hooks), Rejected)
    assert hooks.connections == 0
    guard = AddressGuard((ipaddress.ip_network("127.0.0.0/8"),))
    async with open_http_client(guard, tls_context=TRUSTING_NOBODY) as client:
        channel = WebhookChannel(client, TIMEOUT)
        ((outcome,),) = (await attempt(channel, [delivery("http://127.0.0.1:1/")])).outcomes
    assert isinstance(outcome, Retry)


async def test_a_standard_webhook_is_signed(http: HttpPort, hooks: HttpServer) -> None:
    """Id, time-stamp and signature as the specification has them; the id is stable."""
    key = b"0123456789abcdef0123456789abcdef"
    for _ in range(2):
        assert isinstance(await generic(http, hooks, key), Delivered)
    first, second = hooks.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] == str(int(NOW))
    signed = f"{first.headers['webhook-id']}.{int(NOW)}.".encode() + first.body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert first.headers["webhook-signature"] == f"v1,{digest}"
    assert first.json["data"]["title"] == "T"
    assert first.json["data"]["color"] == 255
    assert "fields" not in first.json["data"]


async def test_discord_is_never_sent_what_it_refuses(http: HttpPort, hooks: HttpServer) -> None:
    """Over-long, empty and forbidden parts are cut, marked or left out."""
    outcome = await discord(
        http,
        hooks,
        content="正文 " * 4000,
        title="t" * 300,
        url="javascript:alert(1)",
        fields=tuple(Field(name="" if n else "n" * 300, value="v" * 1100) for n in range(40)),
        footer=Footer("f" * 3000, "ftp://x"),
        author=Author("a" * 300, "https://example.com/"),
        embeds=(
            Embed(title="own", timestamp="yesterday", image=Image("https://example.com/i.png")),
            Embed(),
            *(Embed(description="d" * 5000, thumbnail=Image("nope")) for _ in range(12)),
        ),
        sender=Sender(username="Discord clyde", avatar_url="https://example.com/a.png"),
    )
    assert isinstance(outcome, Delivered)
    payload = hooks.received[0].json
    embeds = payload["embeds"]
    assert 1 <= len(embeds) <= 10
    assert "username" not in payload
    total = 0
    for embed in embeds:
        assert len(embed.get("title", "")) <= 256
        assert len(embed.get("description", "")) <= 4096
        assert len(embed.get("fields", [])) <= 25
        for field in embed.get("fields", []):
            assert 0 < len(field["name"]) <= 256
            assert 0 < len(field["value"]) <= 1024
            total += len(field["name"]) + len(field["value"])
        total += len(embed.get("title", "")) + len(embed.get("description", ""))
        total += len(embed.get("footer", {}).get("text", ""))
        total += len(embed.get("author", {}).get("name", ""))
        assert "url" not in embed
    assert total <= 6000


@pytest.mark.parametrize(
    ("fields", "embed"),
    [
        ({"content": "plain"}, {"description": "plain"}),
        (
            {"content": "x", "title": "T", "color": 1},
            {"title": "T", "description": "x", "color": 1},
        ),
        (
            {"content": "x", "fields": (Field("a", "b", inline=True),)},
            {"description": "x", "fields": [{"name": "a", "value": "b", "inline": True}]},
        ),
        (
            {"content": "x", "footer": Footer("f"), "author": Author("me")},
            {"description": "x", "footer": {"text": "f"}, "author": {"name": "me"}},
        ),
        (
            {"content": "x", "embeds": (Embed(title="own", timestamp="2026-01-01T00:00:00Z"),)},
            {"description": "x"},
        ),
    ],
)
async def test_an_embed_says_what_the_notification_says(
    http: HttpPort, hooks: HttpServer, fields: dict[str, Any], embed: dict[str, Any]
) -> None:
    """Title, text, colour, fields, footer and author make one embed, as the original did."""
    await discord(http, hooks, **fields)
    assert hooks.received[0].json["embeds"][0] == {"color": BLUE, **embed}


async def test_html_is_readable_where_html_is_not_shown(http: HttpPort, hooks: HttpServer) -> None:
    """Tags become text, what is not seen goes, links keep their address."""
    from app.values.notification import ContentType  # noqa: PLC0415

    await discord(
        http,
        hooks,
        content="<style>x{}</style><h1>Head</h1><p>a &amp; <b>b</b><br>c</p>"
        "<script>evil()</script><a href='https://example.com/'>link</a>",
        content_type=ContentType.HTML,
    )
    text = hooks.received[0].json["embeds"][0]["description"]
    assert "Head" in text
    assert "a & b" in text
    assert "evil" not in text
    assert "https://example.com/" in text


async def test_the_reason_of_a_refusal_is_shown_whatever_version_answers(
    http: HttpPort, hooks: HttpServer
) -> None:
    """URLs without a version are served in the oldest form, which has no message."""
    hooks.behaviour = Answer.of_json(400, {"embeds": ["0: title is too long"]})
    outcome = await discord(http, hooks)
    assert isinstance(outcome, Rejected)
    assert "title is too long" in outcome.error


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"X-RateLimit-Remaining": "4", "X-RateLimit-Reset-After": "1.5"}, (None, 4, 1.5)),
        (
            {
                "X-RateLimit-Limit": "5",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": str(NOW + 2.5),
            },
            (5, 0, 2.5),
        ),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, (None, 0, 30.0)),
        (
            {
                "X-RateLimit-Limit": "0.5",
                "X-RateLimit-Remaining": "0.5",
                "X-RateLimit-Reset-After": "2",
            },
            (None, 0, 2.0),
        ),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW - 9)}, (None, 0, 0.0)),
        ({"X-RateLimit-Remaining": "3"}, None),
        ({"X-RateLimit-Remaining": "nan", "X-RateLimit-Reset-After": "1"}, None),
        ({"X-RateLimit-Remaining": "many", "X-RateLimit-Reset-After": "1"}, None),
        ({"X-RateLimit-Remaining": "-1", "X-RateLimit-Reset-After": "1"}, None),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "inf"}, None),
    ],
)
async def test_limits_are_learned_from_every_kind_of_answer(
    http: HttpPort,
    hooks: HttpServer,
    headers: dict[str, str],
    expected: tuple[int | None, int, float] | None,
) -> None:
    """What a destination says may still be sent; nonsense is no statement."""
    hooks.behaviour = Answer(204, b"", headers)
    told = [delivery(hooks.url(SECRET_PATH))]
    allowed = [
        (await attempt(channel, told)).allowance
        for channel in (
            DiscordChannel(http, 5, clock=lambda: NOW),
            WebhookChannel(http, 5, clock=lambda: NOW),
        )
    ]
    assert allowed == [Allowance(*expected) if expected else None] * 2


async def test_notifications_to_discord_are_merged_within_its_limits(
    http: HttpPort, hooks: HttpServer
) -> None:
    """One request, an embed for each, one outcome for each."""
    channel = DiscordChannel(http, 5, clock=lambda: NOW)
    parts = [delivery(hooks.url(SECRET_PATH), title=f"T{number}") for number in range(3)]
    assert channel.mergeable(parts[:2], parts[2])
    answer = await attempt(channel, parts)
    assert [len(each) for each in answer.outcomes] == [1, 1, 1]
    (request,) = hooks.received
    assert [embed["title"] for embed in request.json["embeds"]] == ["T0", "T1", "T2"]
    other = delivery(hooks.url(SECRET_PATH), sender=Sender("somebody else"))
    assert not channel.mergeable(parts, other)
    assert not channel.mergeable([parts[0]] * 10, parts[1])


async def test_what_takes_two_requests_is_told_in_two(http: HttpPort, hooks: HttpServer) -> None:
    """Each part is a target of its own; the first says what of the whole is not told."""
    embeds = (*(Embed(title=str(number)) for number in range(9)), Embed(title="9", url="nowhere"))
    request = Request("discord", (hooks.url(SECRET_PATH),))
    told = Notification("text", (request,), title="T", embeds=embeds)
    deliveries = route(told, Defaults(), KNOWN, source="s", digest=b"d").deliveries
    channel = DiscordChannel(http, TIMEOUT, clock=lambda: NOW)
    answers = [await attempt(channel, [each]) for each in deliveries]
    assert [answer.outcomes for answer in answers] == [((Delivered(),),)] * 2
    assert [[embed.get("title") for embed in each.json["embeds"]] for each in hooks.received] == [
        ["T", *map(str, range(9))],
        ["9"],
    ]
    assert [[note.field for notes in answer.notes for note in notes] for answer in answers] == [
        ["embeds[9].url"],
        [],
    ]


@pytest.mark.parametrize(
    ("fields", "noted"),
    [
        ({}, []),
        ({"color": 1, "url": "https://example.com/", "sender": Sender("me")}, []),
        ({"footer": Footer("f"), "author": Author("me")}, ["author", "footer"]),
        ({"embeds": (Embed(title="t"),)}, ["embeds"]),
        ({"mail": Mail(attachments=(Attachment("a", b"", "text/csv"),))}, ["kwargs.attachments"]),
    ],
)
async def test_what_the_standard_form_has_no_place_for_is_noted(
    http: HttpPort, hooks: HttpServer, fields: dict[str, Any], noted: list[str]
) -> None:
    """The receiver gets the rest; who looks sees what it did not get."""
    channel = WebhookChannel(http, TIMEOUT, clock=lambda: NOW)
    answer = await attempt(channel, [delivery(hooks.url("/hook"), **fields)])
    assert answer.outcomes == ((Delivered(),),)
    assert [note.field for notes in answer.notes for note in notes] == noted
