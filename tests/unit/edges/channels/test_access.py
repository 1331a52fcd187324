"""What lets a request in: headers from the recipients file go along, and are never shown."""

import ipaddress

import pytest
from msgspec.structs import replace

from app.edges.channels.base import Channel
from app.edges.channels.discord.channel import DiscordChannel
from app.edges.channels.webhook.channel import WebhookChannel
from app.edges.guard import AddressGuard
from app.edges.http import open_http_client
from app.values.delivery import Delivery, Destination, Target
from app.values.notification import NO_ACCESS, Access, Notification, Request
from app.values.outcome import Rejected
from tests.support.channels import attempt
from tests.support.http_client import TRUSTING_NOBODY
from tests.support.http_server import Answer, http_server

ACCESS = Access((("Authorization", "Bearer the-token"), ("webhook-id", "forged")))


def delivery(url: str, access: Access) -> Delivery:
    """Return a delivery to one webhook."""
    told = Notification("text", (Request("webhook"),))
    target = Target("webhook", url, "label", access)
    return Delivery(told, Destination("webhook", url, "label"), (target,), "source", b"digest")


@pytest.mark.parametrize("kind", [WebhookChannel, DiscordChannel])
async def test_headers_go_along_and_an_echo_of_them_is_hidden(
    kind: type[WebhookChannel | DiscordChannel],
) -> None:
    """The destination refuses, and repeats what it was sent: the outcome shows nothing of it."""
    guard = AddressGuard((ipaddress.ip_network("127.0.0.0/8"),))
    async with (
        http_server() as hooks,
        open_http_client(guard, tls_context=TRUSTING_NOBODY) as http,
    ):
        hooks.behaviour = Answer(400, b'{"message": "no: Bearer the-token", "got": "the-token"}')
        channel = kind(http, 5.0)
        answer = await attempt(channel, [delivery(hooks.url("/hook"), ACCESS)])
        ((outcome,),) = answer.outcomes
        assert isinstance(outcome, Rejected)
        assert "the-token" not in outcome.error
        assert hooks.received[0].headers["authorization"] == "Bearer the-token"
        if kind is WebhookChannel:
            assert hooks.received[0].headers["webhook-id"] != "forged"


async def test_what_is_let_in_differently_is_not_merged() -> None:
    """One request has one set of headers."""

    class NoHttp:
        async def post(self, *_: object) -> object:
            raise NotImplementedError

    channel: Channel = DiscordChannel(NoHttp(), 5.0)  # type: ignore[arg-type]
    first = delivery("https://discord.com/api/webhooks/1/t", ACCESS)
    same, other = replace(first), delivery(first.targets[0].address, NO_ACCESS)
    assert channel.mergeable([first], same)
    assert not channel.mergeable([first], other)
