"""Feishu's and Lark's custom robots: cards, signed in the body."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from app.edges.channels.chat import ChatChannel, Rendered
from app.edges.channels.feishu.answers import classify
from app.edges.channels.feishu.cards import Page, card_of, fits, render, render_plain
from app.edges.channels.feishu.signing import sign
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.robots import with_keyword
from app.edges.channels.service_clock import ServiceClocks
from app.edges.http import HttpAnswer, HttpPort
from app.values.channel import PublishedLimit
from app.values.delivery import Target
from app.values.notification import Notification
from app.values.outcome import Outcome

_LIMITS = (PublishedLimit(5, 1.0), PublishedLimit(100, 60.0))
"""Source: open.feishu.cn, "Custom bot usage guide"."""


class FeishuChannel(ChatChannel[Page]):
    """Posts to Feishu groups by a robot."""

    name = "feishu"
    published = _LIMITS

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(http, timeout, clock)
        self._clocks = ServiceClocks()

    def render(self, notification: Notification) -> Rendered[Page]:
        """See ``ChatChannel.render``."""
        return render(notification)

    def render_plain(self, notification: Notification) -> Rendered[Page]:
        """See ``ChatChannel.render_plain``."""
        return render_plain(notification)

    def compose(self, contents: Sequence[Page], target: Target, now: float) -> HttpRequest:
        """See ``ChatChannel.compose``."""
        access = target.access
        body: dict[str, Any] = {}
        if access.secret:
            seconds = str(int(self._clocks.now(target.address, now)))
            body = {"timestamp": seconds, "sign": sign(access.secret, seconds)}
        first = contents[0]
        if first.text:
            text = with_keyword(first.text, "", access.keyword)
            body |= {"msg_type": "text", "content": {"text": text}}
        else:
            body |= {"msg_type": "interactive", "card": card_of(contents, access.keyword)}
        return json_request(target, body)

    def fits(self, contents: Sequence[Page], more: Page) -> bool:
        """See ``ChatChannel.fits``."""
        return fits(contents, more)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target, self._clocks)
