"""The stand-in on the wire: what a plain HTTP client reads of it."""

import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.discord.limits import Limits, Rate
from tests.support.discord_server import DiscordServer, discord_server, discord_server_thread
from tests.support.http_server import Answer, Hang
from tests.unit.inbox.discord.test_payload import CASES, EMPTY, NO_JSON, Case

WIDE = Limits(Rate(10**6, 1.0), None, Rate(10**6, 1.0), Rate(10**6, 1.0))
ID = "1000000000000000001"
OTHER = "1000000000000000002"
NOW = 1_700_000_000.0
HEADERS = {"Content-Type": "application/json", "User-Agent": "test"}
TEXT = b'{"content": "x"}'


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """Return the time it was moved to."""
        return self.now


@dataclass(frozen=True)
class Reply:
    """An answer as read from the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    def rate(self) -> dict[str, str]:
        """Return the headers of the rate limit by the last part of their names."""
        names = {name: value for name, value in self.headers.items() if "ratelimit" in name}
        return {name.removeprefix("x-ratelimit-"): value for name, value in names.items()}


class Client:
    """Asks a stand-in over real sockets.

    Args:
        discord: Whom to ask.
        clock: Moves its time.
    """

    def __init__(self, discord: DiscordServer, clock: Clock) -> None:
        self.discord = discord
        self.clock = clock
        self.path = discord.create().removeprefix(discord.origin)

    def post(
        self,
        body: bytes = TEXT,
        path: str | None = None,
        headers: dict[str, str] | None = None,
        method: str = "POST",
    ) -> Reply:
        """Send a request; to the first webhook unless told otherwise."""
        connection = http.client.HTTPConnection(self.discord.origin.removeprefix("http://"))
        try:
            connection.putrequest(method, path or self.path, skip_accept_encoding=True)
            for name, value in (HEADERS if headers is None else headers).items():
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, told, response.read())
        finally:
            connection.close()

    def statuses(self, count: int) -> list[int]:
        """Send so many requests and return the statuses of their answers."""
        return [self.post().status for _ in range(count)]


@pytest.fixture(scope="module")
def wide() -> Iterator[Client]:
    """A stand-in that may be asked as often as wanted."""
    clock = Clock()
    with discord_server_thread(WIDE, clock) as discord:
        yield Client(discord, clock)


def client(limits: Limits, clock: Clock) -> Iterator[Client]:
    """Run a stand-in with limits."""
    with discord_server_thread(limits, clock) as discord:
        yield Client(discord, clock)


@pytest.fixture
def real() -> Iterator[Client]:
    """A stand-in with Discord's own limits and a clock that stands."""
    yield from client(Limits(), Clock())


@pytest.fixture
def strict() -> Iterator[Client]:
    """A stand-in with small limits of every kind."""
    yield from client(
        Limits(Rate(3, 2.0), Rate(4, 60.0), Rate(6, 1.0), Rate(5, 600.0), 3600.0, 100), Clock()
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_payloads_on_the_wire(wide: Client, case: Case) -> None:
    """What is taken is answered 204 and kept; what is refused is a 400 with the tree of faults."""
    wide.discord.create()
    before = len(wide.discord.records.messages)
    assert wide.post(json.dumps(case.taken).encode()).status == 204
    assert wide.discord.records.messages[before].sent == case.taken
    path = wide.path.replace("/api/", "/api/v10/")
    reply = wide.post(json.dumps(case.refused).encode(), path)
    assert (reply.status, reply.json["code"]) == (400, 50035)
    assert case.code in reply.body.decode()
    old = wide.post(json.dumps(case.refused).encode())
    assert (old.status, "code" in old.json) == (400, False)
    assert len(wide.discord.records.messages) == before + 1


@pytest.mark.parametrize(
    ("body", "code"),
    [(body, 50109) for body in NO_JSON] + [(json.dumps(empty).encode(), 50006) for empty in EMPTY],
)
def test_bodies_that_say_nothing(wide: Client, body: bytes, code: int) -> None:
    """They are refused with codes of their own."""
    reply = wide.post(body)
    assert (reply.status, reply.json["code"]) == (400, code)


def test_a_message_in_return(wide: Client) -> None:
    """With ``wait`` the answer is the message."""
    sent = {"username": "Ginkgo", "content": "hello", "embeds": [{"title": "t"}]}
    reply = wide.post(json.dumps(sent).encode(), f"{wide.path}?wait=true")
    assert reply.status == 200
    assert reply.json["webhook_id"] == ID
    assert reply.json["author"]["username"] == "Ginkgo"
    assert reply.json["embeds"] == [{"type": "rich", "title": "t"}]
    assert reply.json["content"] == "hello"
    assert reply.json["id"].isdecimal()
    assert reply.json["timestamp"] == "2023-11-14T22:13:20+00:00"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("wait=true", 200),
        ("wait=True", 200),
        ("wait=1", 200),
        ("wait=false", 204),
        ("wait=0", 204),
        ("wait=yes", 400),
        ("wait=", 400),
        ("with_components=true", 204),
        ("with_components=2", 400),
        ("thread_id=77", 204),
        ("thread_id=77&wait=true", 200),
        ("thread_id=78", 404),
        ("thread_id=x", 400),
        ("something=else", 204),
    ],
)
def test_the_query(wide: Client, query: str, status: int) -> None:
    """Booleans as Discord writes them, threads of the channel, nothing else."""
    wide.discord.create(threads=("77",))
    assert wide.post(path=f"{wide.path}?{query}").status == status


def test_an_unknown_thread(wide: Client) -> None:
    """Its code is that of an unknown channel."""
    reply = wide.post(path=f"{wide.path}?thread_id=999")
    assert reply.json == {"message": "Unknown Channel", "code": 10003}


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"Content-Type": "application/json"}, 204, ""),
        ({"Content-Type": "application/json; charset=utf-8"}, 204, ""),
        ({"Content-Type": "application/json; charset=latin-1"}, 400, "_misc"),
        ({"Content-Type": "text/plain"}, 400, "_misc"),
        ({}, 400, "_misc"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 400, "No stand-in"),
    ],
)
def test_the_content_type(wide: Client, headers: dict[str, str], status: int, said: str) -> None:
    """JSON alone is read."""
    reply = wide.post(headers={"User-Agent": "test", **headers})
    assert reply.status == status
    assert said in reply.body.decode()


def test_a_client_without_a_name(strict: Client) -> None:
    """Cloudflare turns it away with a page, and it counts as invalid."""
    reply = strict.post(headers={"Content-Type": "application/json"})
    assert (reply.status, reply.headers["content-type"]) == (403, "text/html; charset=UTF-8")
    assert len(strict.discord.records.invalid) == 1


def test_the_size_of_a_request(strict: Client) -> None:
    """A body just as long as allowed is read; one more byte is not."""
    body = TEXT.ljust(100)
    assert strict.post(body).status == 204
    reply = strict.post(body + b" ")
    assert (reply.status, reply.json) == (
        413,
        {"message": "Request entity too large", "code": 40005},
    )


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/api/webhooks/{ID}/wrong", 401, 50027),
        (f"/api/webhooks/{OTHER}/token", 404, 10015),
        ("/api/webhooks/abc/token", 400, None),
        (f"/api/v5/webhooks/{ID}/token-of-{ID}", 400, 50041),
        (f"/api/v6/webhooks/{ID}/token-of-{ID}", 204, None),
        (f"/api/v10/webhooks/{ID}/token-of-{ID}", 204, None),
        (f"/api/v11/webhooks/{ID}/token-of-{ID}", 400, 50041),
        (f"/api/webhooks/{ID}", 404, 0),
        ("/", 404, 0),
    ],
)
def test_addresses(wide: Client, path: str, status: int, code: int | None) -> None:
    """Only a webhook that exists is found, with its own token, in a version that is served."""
    wide.discord.create()
    reply = wide.post(path=path)
    assert reply.status == status
    assert (reply.json.get("code") if reply.body else None) == code


def test_other_methods(wide: Client) -> None:
    """A webhook is executed by POST."""
    assert wide.post(method="PUT").json == {"message": "405: Method Not Allowed", "code": 0}


def test_a_webhook_goes_and_comes_back(wide: Client) -> None:
    """Deleted it is unknown; made anew with another token, the old one is wrong."""
    wide.discord.create()
    assert wide.post().status == 204
    wide.discord.delete(ID)
    assert wide.post().json == {"message": "Unknown Webhook", "code": 10015}
    wide.discord.create(ID, "another")
    assert wide.post().json == {"message": "Invalid Webhook Token", "code": 50027}
    wide.discord.create()
    assert wide.post().status == 204


def test_a_webhook_breaks_down(wide: Client) -> None:
    """It answers as told, or with whatever else there is, until it is made anew."""
    wide.discord.create()
    wide.discord.break_down(ID, 503)
    assert wide.post().status == 503
    blocked = {"message": "You are being blocked from accessing our API temporarily", "code": 0}
    wide.discord.break_down(ID, Answer.of_json(429, blocked))
    assert (reply := wide.post()).status == 429
    assert not reply.rate()
    wide.discord.create()
    assert wide.post().status == 204


async def test_a_webhook_hangs() -> None:
    """It takes the request and says nothing; that is remembered too."""
    async with discord_server(WIDE) as discord:
        discord.create()
        discord.break_down(ID, Hang())
        host, port = discord.origin.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                f"POST /api/webhooks/{ID}/x HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\n\r\n".encode()
            )
            await discord.records.wait_for(lambda: len(discord.records.exchanges) == 1)
        assert discord.records.exchanges[0].status is None


def test_five_in_two_seconds(real: Client) -> None:
    """Every answer tells of the bucket; the sixth request is told how long to wait."""
    real.clock.now = NOW + 0.5
    told = [real.post().rate() for _ in range(5)]
    assert [each["remaining"] for each in told] == ["4", "3", "2", "1", "0"]
    assert told[0] == {
        "limit": "5",
        "remaining": "4",
        "reset": "1700000002.500",
        "reset-after": "2.000",
        "bucket": told[0]["bucket"],
    }
    real.clock.now = NOW + 1.0
    reply = real.post()
    assert reply.status == 429
    assert reply.json == {
        "message": "You are being rate limited.",
        "retry_after": 1.5,
        "global": False,
    }
    assert reply.headers["retry-after"] == "2"
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["via"]
    assert reply.rate() == {**told[4], "reset-after": "1.500", "scope": "user"}
    real.clock.now = NOW + 1.0 + 1.499
    assert real.post().status == 429
    real.clock.now = NOW + 1.0 + 1.5
    assert real.post().status == 204


def test_refused_requests_use_up_the_bucket(real: Client) -> None:
    """Whatever is answered, it was a request."""
    assert [real.post(b"{}").status for _ in range(5)] == [400] * 5
    assert real.post().status == 429


def test_each_webhook_has_a_bucket_of_its_own(real: Client) -> None:
    """The limit of one says nothing of another, though the bucket has the same name."""
    other = real.discord.create(OTHER, "t").removeprefix(real.discord.origin)
    assert real.statuses(6) == [204] * 5 + [429]
    reply = real.post(path=other)
    assert (reply.status, reply.rate()["remaining"]) == (204, "4")
    assert reply.rate()["bucket"] == real.post().rate()["bucket"]


def test_thirty_a_minute_in_a_channel(real: Client) -> None:
    """The limit that no header announces: shared, told by Retry-After, not counted as invalid."""
    neighbour = real.discord.create(OTHER, "t", channel_id="9000000000000000001")
    webhooks = [real.path, neighbour.removeprefix(real.discord.origin)]
    for turn in range(6):
        real.clock.now = NOW + turn * 2.0
        path = webhooks[turn % 2]
        assert [real.post(path=path).status for _ in range(5)] == [204] * 5
    real.clock.now = NOW + 12.0
    reply = real.post()
    assert reply.status == 429
    assert reply.json == {
        "message": "The resource is being rate limited.",
        "retry_after": 48.0,
        "global": False,
    }
    assert reply.headers["retry-after"] == "48"
    assert reply.rate()["scope"] == "shared"
    assert (reply.rate()["remaining"], reply.rate()["reset-after"]) == ("4", "2.000")
    assert real.discord.records.invalid == []
    real.clock.now = NOW + 60.0
    assert real.post().status == 204


def test_fifty_a_second_in_all(real: Client) -> None:
    """The global limit counts every request of this machine and has headers of its own."""
    hooks = [real.discord.create(str(10**18 + 10 + n), "t") for n in range(11)]
    paths = [hook.removeprefix(real.discord.origin) for hook in hooks]
    assert {real.post(path=path).status for path in paths[:10] for _ in range(5)} == {204}
    real.clock.now = NOW + 0.25
    reply = real.post(path=paths[10])
    assert reply.status == 429
    assert reply.json == {
        "message": "You are being rate limited.",
        "retry_after": 0.75,
        "global": True,
    }
    assert reply.rate() == {"global": "true", "scope": "global"}
    assert reply.headers["retry-after"] == "1"
    real.clock.now = NOW + 1.0
    assert real.post(path=paths[10]).status == 204


def test_a_ban(strict: Client) -> None:
    """Too many invalid requests, and Cloudflare answers everything with a page for an hour."""
    strict.discord.create(OTHER, "t")
    assert strict.statuses(3) == [204] * 3
    assert strict.post(path=f"/api/webhooks/{OTHER}/wrong").status == 401
    assert strict.statuses(2) == [429] * 2
    assert strict.statuses(2) == [429] * 2
    assert {each.scope for each in strict.discord.records.limited} == {"user", "global"}
    reply = strict.post()
    assert reply.status == 429
    assert reply.headers["content-type"] == "text/html; charset=UTF-8"
    assert reply.headers["retry-after"] == "3600"
    assert b"Cloudflare" in reply.body
    assert not reply.rate()
    assert "via" not in reply.headers
    strict.clock.now = NOW + 3599.5
    assert strict.post(path="/").headers["retry-after"] == "1"
    strict.clock.now = NOW + 3600.0
    assert strict.post().status == 204


def test_shared_limits_bring_no_ban(strict: Client) -> None:
    """They are not the client's doing."""
    assert strict.statuses(3) == [204] * 3
    strict.clock.now = NOW + 2.0
    assert strict.statuses(3) == [204, 429, 429]
    for turn in range(2, 6):
        strict.clock.now = NOW + 2.0 * turn
        assert strict.statuses(2) == [429, 429]
    assert strict.discord.records.invalid == []


def test_what_readers_see(wide: Client) -> None:
    """Texts and embeds in order; of embeds with one URL only the first, in each message."""
    wide.discord.create()
    before = len(wide.discord.records.shown)
    url = "https://example.com/"
    first = {"title": "1", "url": url}
    for message in (
        {"content": "0", "embeds": [first, {"title": "2"}, {"title": "lost", "url": url}]},
        {"embeds": [{"title": "3", "url": url}, {"title": "4", "url": f"{url}#"}]},
    ):
        assert wide.post(json.dumps(message).encode()).status == 204
    shown = wide.discord.records.shown[before:]
    assert [each.get("title") or each["content"] for each in shown] == ["0", "1", "2", "3", "4"]


def test_requests_are_remembered(strict: Client) -> None:
    """With their time, their answer, and what a 429 was about."""
    strict.statuses(3)
    strict.clock.now = NOW + 0.5
    strict.post()
    strict.discord.records.wait(lambda: len(strict.discord.records.exchanges) == 4)
    last = strict.discord.records.exchanges[-1]
    assert (last.at, last.path, last.body) == (NOW + 0.5, strict.path, TEXT)
    assert (last.status, last.scope, last.invalid) == (429, "user", True)
    assert strict.discord.records.limited == [last]
    with pytest.raises(AssertionError, match="4 requests, 3 embeds"):
        strict.discord.records.wait(lambda: False, timeout=0.0)
