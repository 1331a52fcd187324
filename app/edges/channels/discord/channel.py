"""Discord webhooks."""

import time
from collections.abc import Callable, Sequence

import msgspec

from app.edges.channels.chat import ChatChannel, Rendered
from app.edges.channels.discord.answers import classify
from app.edges.channels.discord.limits import MAX_EMBEDS
from app.edges.channels.discord.payload import encode, encode_plain, fits
from app.edges.channels.discord.plain import plain_text
from app.edges.channels.discord.rendering import render
from app.edges.channels.over_http import HttpRequest
from app.edges.channels.rendering import Renderings
from app.edges.http import HttpAnswer, HttpPort
from app.values.channel import RefusalLimit
from app.values.delivery import Target
from app.values.notification import Embed, Notification, Sender
from app.values.outcome import Outcome


class Message(msgspec.Struct, frozen=True, gc=False):
    """The content of one request."""

    embeds: tuple[Embed, ...]
    sender: Sender  # the name and picture that it is shown with
    plain: bool = False  # they are sent as a text: Discord has refused them


class DiscordChannel(ChatChannel[Message]):
    """Executes Discord webhooks."""

    name = "discord"
    most_merged = MAX_EMBEDS
    refusal_limit = RefusalLimit(budget=1000, window=600.0)
    """A tenth of what Discord's API reference allows ("Invalid Request Limit"): several workers may
    share an address."""

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(http, timeout, clock)
        self._rendered = Renderings(_messages)

    def render(self, notification: Notification) -> Rendered[Message]:
        """See ``ChatChannel.render``."""
        return self._rendered.of(notification)

    def render_plain(self, notification: Notification) -> Rendered[Message]:
        """See ``ChatChannel.render_plain``."""
        rich = _messages(notification)
        plain = tuple(msgspec.structs.replace(each, plain=True) for each in rich.requests)
        return Rendered(plain, rich.notes)

    def compose(self, contents: Sequence[Message], target: Target, now: float) -> HttpRequest:
        """See ``ChatChannel.compose``."""
        del now
        first = contents[0]
        if first.plain:
            body = encode_plain(plain_text(first.embeds), first.sender)
        else:
            body = encode([embed for each in contents for embed in each.embeds], first.sender)
        return HttpRequest(target.address, body, dict(target.access.headers))

    def fits(self, contents: Sequence[Message], more: Message) -> bool:
        """Say whether one more fits: within Discord's limits, and from the same sender."""
        if contents[0].sender != more.sender:
            return False
        return fits([embed for each in contents for embed in each.embeds], more.embeds)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target)


def _messages(notification: Notification) -> Rendered[Message]:
    rendered = render(notification)
    sender = notification.sender
    return Rendered(tuple(Message(each, sender) for each in rendered.requests), rendered.notes)
