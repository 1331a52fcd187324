"""Telegram chats, through a bot: HTML, a message in parts if it is long, groups that move."""

from app.edges.channels.base import ChannelEntry, Question
from app.edges.channels.telegram import address
from app.edges.channels.telegram.answers import fault
from app.edges.channels.telegram.channel import FORM, TelegramChannel

SPEC = ChannelEntry(
    name="telegram",
    recognises=address.is_bot,
    fault=address.fault,
    limit_key=address.limit_key,
    shown=address.shown,
    secret=address.SECRET,
    requests=FORM.requests,
    question=Question(b"{}", fault, address.chat_url),
    make=lambda means: TelegramChannel(means.http, means.webhook_timeout),
)
