"""WeCom's group robots: Markdown within 4,096 bytes, twenty messages a minute."""

from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.robots import MOST_TITLE, RobotForm, below_title, tone_for
from app.edges.channels.texts import Said, TextChannel
from app.edges.channels.wecom.answers import classify
from app.edges.channels.wecom.dialect import MarkdownDialect, PlainDialect
from app.edges.http import HttpAnswer
from app.policies.texts.tones import Tone
from app.values.channel import PublishedLimit
from app.values.delivery import Target
from app.values.outcome import Outcome

MOST_REQUESTS = 4
"""Messages that one notification takes at most."""
_MARKDOWN = 4096
_TEXT = 2048
_LIMITS = (PublishedLimit(20, 60.0),)
"""Source: developer.work.weixin.qq.com, path 91770 (2025-08)."""
_HEADING = 600
"""Bytes for a title that stands apart, with its colour."""
_COLORS = {
    Tone.RED: "warning",
    Tone.ORANGE: "warning",
    Tone.YELLOW: "warning",
    Tone.GREEN: "info",
    Tone.GREY: "comment",
}
"""WeCom's three colours."""

_dialect, _plain = MarkdownDialect(), PlainDialect()
FORM = RobotForm(
    _dialect,
    _plain,
    _MARKDOWN - _HEADING,
    plain_limit=_TEXT - _HEADING,
    title=MOST_TITLE,
    most=MOST_REQUESTS,
)


class WecomChannel(TextChannel):
    """Posts to WeCom groups by a robot."""

    name = "wecom"
    published = _LIMITS
    form = FORM

    def post(self, said: Said, target: Target, now: float) -> HttpRequest:
        """See ``TextChannel.post``."""
        del now
        plain = below_title(said.title, said.text)
        kind, content = ("text", plain) if said.plain else ("markdown", _markdown(said))
        body = {"msgtype": kind, kind: {"content": content}}
        return json_request(target, body)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target)


def _markdown(said: Said) -> str:
    """Return the text below its title, which has the colour."""
    if not said.title:
        return said.text
    title = _dialect.literal(said.title)
    color = _COLORS.get(tone) if (tone := tone_for(said.tone, said.priority)) else None
    heading = f'<font color="{color}">{title}</font>' if color else title
    return f"### {heading}\n{said.text}"
