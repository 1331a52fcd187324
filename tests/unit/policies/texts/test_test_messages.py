"""Test messages are those of the contract's table, word for word."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from app.policies.texts.test_messages import CHANNELS, CODES, Kind, test_message

NOON = datetime.fromisoformat("2026-01-01T12:00:00+08:00")
build = test_message
del test_message  # pytest would take it for a test

TABLE: dict[Kind, tuple[str, str, int | None, str]] = {
    Kind.WEBHOOK: ("🔔 Webhook 测试通知", "测试消息 #1 - 12:00:00", 0x5865F2, "test-user"),
    Kind.EMAIL: (
        "📧 Email 测试通知",
        "测试邮件 #1\n\n时间: 2026-01-01 12:00:00",
        None,
        "test-user",
    ),
    Kind.MULTI: ("📢 多渠道测试通知", "多渠道测试消息 #1 - 12:00:00", None, "test-user"),
    Kind.TRADING: ("交易信号: AAPL", "📈 AAPL 突破关键位，建议关注", 0x00FF00, "trader-001"),
    Kind.ALERT: ("🚨 系统告警", "⚠️ 检测到异常活动 #1\n\n请立即检查系统状态", 0xFF0000, "admin"),
}


@pytest.mark.parametrize("kind", Kind)
def test_is_the_envelope_of_the_table(kind: Kind) -> None:
    """Title, text, colour, user and channels are the original's; there is no address."""
    envelope: dict[str, Any] = msgspec.json.decode(build(kind, 1, "id-1", NOON))
    title, content, color, user = TABLE[kind]
    assert envelope["message_id"] == "id-1"
    assert envelope["content"] == content
    assert envelope["metadata"] == {"user_uuid": user, "title": title}
    assert envelope["kwargs"] == ({} if color is None else {"color": color})
    assert envelope["channels"] == list(CHANNELS[kind])
    assert envelope["timestamp"] == "2026-01-01T12:00:00+08:00"


def test_trading_codes_take_turns() -> None:
    """The sixth signal begins again with the first code."""
    titles = [
        msgspec.json.decode(build(Kind.TRADING, number, "x", NOON))["metadata"]["title"]
        for number in range(1, 7)
    ]
    assert titles == [f"交易信号: {code}" for code in (*CODES, CODES[0])]
