"""DingTalk's custom robots: Markdown, signed in the query, twenty messages a minute."""

import time
from collections.abc import Callable

from msgspec.structs import replace

from app.edges.channels.chat import Rendered
from app.edges.channels.dingtalk.address import signed
from app.edges.channels.dingtalk.answers import classify
from app.edges.channels.dingtalk.dialect import BREAK, MarkdownDialect
from app.edges.channels.dingtalk.signing import sign
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.robots import (
    MOST_TITLE,
    RobotDialect,
    RobotForm,
    below_title,
    tone_for,
    with_keyword,
)
from app.edges.channels.service_clock import ServiceClocks
from app.edges.channels.texts import NOTHING, Page, Said, TextChannel
from app.edges.http import HttpAnswer, HttpPort
from app.policies.texts.plain_text import clip
from app.policies.texts.visible import shows
from app.values.channel import PublishedLimit
from app.values.delivery import Target
from app.values.notification import Notification
from app.values.outcome import Outcome

MOST_REQUESTS = 2
"""Messages that one notification takes at most."""
_LIMITS = (PublishedLimit(20, 60.0),)
"""Source: open.dingtalk.com, "Custom robots"; whoever sends more is blocked for ten minutes."""
_ROOM = 17_500
"""Bytes of text within a body of 20,000: the rest is for title, keyword, and line breaks."""
MOST_IN_LIST = 60
"""Characters of the title that the list of chats shows for a message without one."""

_dialect, _plain = MarkdownDialect(), RobotDialect()
FORM = RobotForm(_dialect, _plain, _ROOM, title=MOST_TITLE, most=MOST_REQUESTS)


class DingtalkChannel(TextChannel):
    """Posts to DingTalk groups by a robot."""

    name = "dingtalk"
    published = _LIMITS
    form = FORM

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(http, timeout, clock)
        self._clocks = ServiceClocks()

    def render(self, notification: Notification) -> Rendered[Page]:
        """See ``ChatChannel.render``."""
        rendered = FORM.render(notification)
        first, *others = rendered.requests
        if not first.heading:
            return rendered
        # A line break after the heading, if others stand in the same message.
        return replace(rendered, requests=(replace(first, heading=f"{first.heading}  "), *others))

    def post(self, said: Said, target: Target, now: float) -> HttpRequest:
        """See ``TextChannel.post``."""
        access = target.access
        body = _as_text(said, access.keyword) if said.plain else _markdown(said, access.keyword)
        timestamp = signature = ""
        if access.secret:
            timestamp = str(int(self._clocks.now(target.address, now) * 1000))
            signature = sign(access.secret, timestamp)
        url = signed(target.address, timestamp, signature)
        return json_request(target, body, url)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target, self._clocks)


def _markdown(said: Said, keyword: str | None) -> dict[str, object]:
    """Return the text below its title; the title alone shows in the list of chats."""
    text, title = said.text, said.title
    if title:
        text = f"#### {_dialect.literal(title)}{BREAK}\n{text}"
    else:
        title = _instead_of_title(said)
    text = with_keyword(text, title, keyword)
    return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}


def _instead_of_title(said: Said) -> str:
    """Return the title that the list of chats shows for a message without one."""
    bare = (line.strip("*#> ") for line in said.text.split("\n"))
    line = next(filter(shows, bare), NOTHING)  # an empty title is refused
    tone = tone_for(said.tone, said.priority)
    return clip(f"{tone} {line}" if tone else line, MOST_IN_LIST)


def _as_text(said: Said, keyword: str | None) -> dict[str, object]:
    text = with_keyword(below_title(said.title, said.text), "", keyword)
    return {"msgtype": "text", "text": {"content": text}}
