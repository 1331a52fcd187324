"""Test messages: envelopes like those of the original's sender, texts included."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

DESTINATION_TEST_TITLE = "🔔 测试通知 · Test notification"
DESTINATION_TEST = (
    "这是一条测试通知，由 {by} 发送，无需处理。\n"
    "This is a test, sent by {by}: nothing is to be done."
)
"""Nobody knows which language is read at a destination."""
CODES = ("AAPL", "GOOGL", "TSLA", "MSFT", "AMZN")


class Kind(StrEnum):
    """The values of ``--type`` and ``?type=``."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    MULTI = "multi"
    TRADING = "trading"
    ALERT = "alert"


CHANNELS: Mapping[Kind, tuple[str, ...]] = {
    Kind.WEBHOOK: ("webhook",),
    Kind.EMAIL: ("email",),
    Kind.MULTI: ("webhook", "email"),
    Kind.TRADING: ("webhook",),
    Kind.ALERT: ("webhook",),
}


def test_message(kind: Kind, number: int, message_id: str, now: datetime) -> bytes:
    """Return the record value of one test message (docs/contract.md#test-messages).

    Args:
        number: Counts from 1.
        message_id: Its id, the record's key too.
        now: Local time, with its zone.
    """
    clock, moment = f"{now:%H:%M:%S}", f"{now:%Y-%m-%d %H:%M:%S}"
    code = CODES[(number - 1) % len(CODES)]
    title, content, color, user = {
        Kind.WEBHOOK: (
            "🔔 Webhook 测试通知",
            f"测试消息 #{number} - {clock}",
            0x5865F2,
            "test-user",
        ),
        Kind.EMAIL: (
            "📧 Email 测试通知",
            f"测试邮件 #{number}\n\n时间: {moment}",
            None,
            "test-user",
        ),
        Kind.MULTI: ("📢 多渠道测试通知", f"多渠道测试消息 #{number} - {clock}", None, "test-user"),
        Kind.TRADING: (
            f"交易信号: {code}",
            f"📈 {code} 突破关键位，建议关注",
            0x00FF00,
            "trader-001",
        ),
        Kind.ALERT: (
            "🚨 系统告警",
            f"⚠️ 检测到异常活动 #{number}\n\n请立即检查系统状态",
            0xFF0000,
            "admin",
        ),
    }[kind]
    kwargs: dict[str, Any] = {} if color is None else {"color": color}
    return msgspec.json.encode(
        {
            "message_id": message_id,
            "content": content,
            "channels": CHANNELS[kind],
            "content_type": "text",
            "priority": 1,
            "timestamp": now.isoformat(),
            "metadata": {"user_uuid": user, "title": title},
            "kwargs": kwargs,
        }
    )
