"""A stand-in for Discord's webhooks that enforces the real rules.

It answers ``POST /api/webhooks/{id}/{token}`` and ``/api/v10/webhooks/…`` on loopback as Discord
does: what a message may hold (``discord.payload``), how often it may be asked (``discord.limits``),
which webhooks there are. What it takes, Discord takes; where Discord's rule is not known, the
stricter reading holds. The sources stand beside each rule. Time comes from a clock of the test's.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from app.inbox.discord.fields import check_snowflake
from app.inbox.discord.form import Form
from app.inbox.discord.payload import Refusal, judge
from tests.support.discord.answers import (
    Scope,
    banned,
    failure,
    json_answer,
    limited,
    no_content,
    rate_limit_headers,
    unnamed_client,
)
from tests.support.discord.limits import Bans, Limits, Window
from tests.support.discord.records import Exchange, Message, Records
from tests.support.discord.routes import (
    VERSIONS,
    Call,
    check_content_type,
    read_call,
    read_query,
)
from tests.support.discord.webhooks import Webhook, message_object
from tests.support.http_server import (
    Answer,
    Behaviour,
    HttpServer,
    Received,
    http_server,
    http_server_thread,
)

UNKNOWN_CHANNEL = 10003
UNKNOWN_WEBHOOK = 10015
TOO_LARGE = 40005
INVALID_TOKEN = 50027
INVALID_VERSION = 50041

_EPOCH = 1_420_070_400.0  # of Discord's ids, in seconds
_BUCKET = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

Headers = dict[str, str]
Outcome = tuple[Behaviour, Scope | None, Message | None]


class DiscordServer:
    """Discord, as far as webhooks go.

    Args:
        limits: How often it may be asked.
        clock: Seconds since the epoch; a test's own need not move unless told.
    """

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.records = Records()
        self.origin = ""
        self._limits = limits or Limits()
        self._clock = clock
        self._webhooks: dict[str, Webhook] = {}
        self._bans = Bans(self._limits.invalid, self._limits.ban)
        self._everything = Window(self._limits.everything)
        self._buckets: dict[tuple[str, str], Window] = {}
        self._channels: dict[str, Window] = {}

    def create(
        self,
        webhook_id: str = "1000000000000000001",
        token: str | None = None,
        *,
        channel_id: str | None = None,
        threads: tuple[str, ...] = (),
    ) -> str:
        """Make a webhook, or make it anew, and return its URL as Discord shows it to be copied.

        Args:
            webhook_id: A snowflake.
            token: Its secret; made up unless given.
            channel_id: A channel of its own unless given.
            threads: Ids of that channel's threads.
        """
        token = token or f"token-of-{webhook_id}"
        channel_id = channel_id or f"9{webhook_id[1:]}"
        self._webhooks[webhook_id] = Webhook(webhook_id, token, channel_id, threads)
        return f"{self.origin}/api/webhooks/{webhook_id}/{token}"

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook, as anybody may who has its URL."""
        del self._webhooks[webhook_id]

    def break_down(self, webhook_id: str, how: int | Behaviour) -> None:
        """Let a webhook answer with this status, or do anything at all; ``create`` repairs it."""
        broken = Answer(how, b"upstream connect error") if isinstance(how, int) else how
        self._webhooks[webhook_id].broken = broken

    def answer(self, request: Received) -> Behaviour:
        """Answer a request and remember it."""
        now = self._clock()
        behaviour, scope, message = self._decide(request, now)
        status = behaviour.status if isinstance(behaviour, Answer) else None
        exchange = Exchange(now, request.path, request.body, status, scope)
        if exchange.invalid and not self._bans.left(now):
            self._bans.note(now)
        self.records.add(exchange, message)
        return behaviour

    def _decide(self, request: Received, now: float) -> Outcome:
        if left := self._bans.left(now):
            return banned(left), None, None
        if not request.headers.get("user-agent"):
            return unnamed_client(), None, None
        if wait := self._everything.take(now):
            return limited("global", wait, {}), "global", None
        call = read_call(request.path)
        if call is None:
            return failure(404, 0, "404: Not Found", {}), None, None
        webhook = self._webhooks.get(call.webhook_id)
        if webhook and webhook.broken:
            return webhook.broken, None, None
        return self._call(request, call, webhook, now)

    def _call(self, request: Received, call: Call, webhook: Webhook | None, now: float) -> Outcome:
        key = (call.webhook_id, call.token)
        bucket = self._buckets.setdefault(key, Window(self._limits.webhook))
        wait = bucket.take(now)
        headers = rate_limit_headers(
            bucket.rate.requests, bucket.remaining, bucket.reset_after(now), now, _BUCKET
        )
        if wait:
            return limited("user", wait, headers), "user", None
        if refused := _refuse_call(request, call, webhook, headers):
            return refused, None, None
        assert webhook is not None
        if wait := self._wait_for_channel(webhook.channel_id, now):
            return limited("shared", wait, headers), "shared", None
        if len(request.body) > self._limits.request_bytes:
            return failure(413, TOO_LARGE, "Request entity too large", headers), None, None
        return self._execute(request, call, webhook, now, headers)

    def _wait_for_channel(self, channel_id: str, now: float) -> float:
        if self._limits.channel is None:
            return 0.0
        return self._channels.setdefault(channel_id, Window(self._limits.channel)).take(now)

    def _execute(
        self, request: Received, call: Call, webhook: Webhook, now: float, headers: Headers
    ) -> Outcome:
        form = Form()
        query = read_query(form, call.query)
        check_content_type(form, request)
        if form.faults:
            return json_answer(400, form.answer(call.version), headers), None, None
        if query.thread_id is not None and query.thread_id not in webhook.threads:
            return failure(404, UNKNOWN_CHANNEL, "Unknown Channel", headers), None, None
        verdict = judge(request.body, call.version)
        if isinstance(verdict, Refusal):
            return json_answer(400, verdict.answer, headers), None, None
        count = len(self.records.messages)
        snowflake = str((int((now - _EPOCH) * 1000) << 22) + count)
        message = Message(snowflake, webhook.id, now, verdict)
        if not query.wait:
            return no_content(headers), None, message
        return json_answer(200, message_object(message, webhook, query), headers), None, message


def _refuse_call(
    request: Received, call: Call, webhook: Webhook | None, headers: Headers
) -> Answer | None:
    """Answer a call that reaches no webhook; None where it does."""
    form = Form()
    check_snowflake(form, ("webhook_id",), call.webhook_id)
    if request.method != "POST":
        return failure(405, 0, "405: Method Not Allowed", headers)
    if call.version not in VERSIONS:
        return failure(400, INVALID_VERSION, "Invalid API version", headers)
    if form.faults:
        return json_answer(400, form.answer(call.version), headers)
    if webhook is None:
        return failure(404, UNKNOWN_WEBHOOK, "Unknown Webhook", headers)
    if call.token != webhook.token:
        return failure(401, INVALID_TOKEN, "Invalid Webhook Token", headers)
    return None


@asynccontextmanager
async def discord_server(
    limits: Limits | None = None, clock: Callable[[], float] = time.time
) -> AsyncIterator[DiscordServer]:
    """Run a stand-in in this event loop."""
    discord = DiscordServer(limits, clock)
    async with http_server(discord.answer) as http:
        discord.origin = _origin(http)
        yield discord


@contextmanager
def discord_server_thread(
    limits: Limits | None = None, clock: Callable[[], float] = time.time
) -> Iterator[DiscordServer]:
    """Run a stand-in in a thread of its own, for tests that block."""
    discord = DiscordServer(limits, clock)
    with http_server_thread(discord.answer) as http:
        discord.origin = _origin(http)
        yield discord


def _origin(http: HttpServer) -> str:
    return http.url().rstrip("/")
