"""Feishu (飞书) and Lark custom robots."""

from app.edges.channels.base import ChannelEntry, Question
from app.edges.channels.feishu import address
from app.edges.channels.feishu.answers import QUESTION, fault
from app.edges.channels.feishu.cards import requests_for
from app.edges.channels.feishu.channel import FeishuChannel

SPEC = ChannelEntry(
    name="feishu",
    recognises=address.is_robot,
    fault=address.fault,
    limit_key=address.limit_key,
    secret=address.SECRET,
    requests=requests_for,
    question=Question(QUESTION, fault),
    make=lambda means: FeishuChannel(means.http, means.webhook_timeout),
)
