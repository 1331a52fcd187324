"""Records as Ginkgo's producers write them: every shape of theirs, in words of our own.

The shapes are those of its ``MessageQueue`` (envelopes), of ``send_async``, ``notify`` and
``notify_with_fields`` (typed messages), of its command line, and of the messages that its worker's
documentation shows. Its producer writes JSON as Python does: ASCII, ``NaN``, and whatever JSON
cannot hold as the text that Python prints.
"""

import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

DISCORD = "https://discord.com/api/webhooks/1234/token"
TRADER, RISK, SILENT = "0f" * 16, "1e" * 16, "2d" * 16


class Direction(Enum):
    """An enumeration of the original's kind: Python prints it with its class."""

    LONG = 1


class Sample(NamedTuple):
    """One record."""

    name: str  # what it is
    message: dict[str, Any]  # before it is encoded
    targets: int = 1  # how many it reaches
    noted: tuple[str, ...] = ()  # where something of it cannot be sent as it is written
    failing: int = 0  # how many of those it names cannot be reached


def encoded(message: dict[str, Any]) -> bytes:
    """Return a record's value as the original's serialiser writes it."""

    def as_text(value: object) -> str:
        return value.isoformat() if isinstance(value, datetime | date) else str(value)

    return json.dumps(message, default=as_text).encode()


def envelope(content: str, channels: list[str] | str, **parts: Any) -> dict[str, Any]:
    """Return what the queue makes of its arguments; those it does not know are ``kwargs``."""
    named = ("user_uuid", "template_id", "title")
    return {
        "message_id": "msg_20260101013000123456",
        "content": content,
        "channels": channels,
        "content_type": parts.pop("content_type", "text"),
        "priority": parts.pop("priority", 1),
        "status": 0,
        "timestamp": "2026-01-01T01:30:00.123456",
        "metadata": {name: parts.pop(name, None) for name in named},
        "kwargs": parts,
        "_key": parts.get("user_uuid"),
    }


def simple(content: str, **parts: Any) -> dict[str, Any]:
    """Return what ``send_async`` makes of its arguments."""
    message = {
        "message_type": "simple",
        "user_uuid": parts.pop("user_uuid", TRADER),
        "content": content,
        "title": parts.pop("title", None),
        "channels": parts.pop("channels", ["webhook"]),
        "priority": parts.pop("priority", 1),
    }
    if "template_id" in parts:
        message["template_id"] = parts.pop("template_id")
    return {**message, "kwargs": parts} if parts else message


def typed(message_type: str, **members: Any) -> dict[str, Any]:
    """Return a typed message to the trader, unless it says to whom."""
    to = {} if members.keys() & {"group_name", "group_uuid"} else {"user_uuid": TRADER}
    return {"message_type": message_type, **to, **members}


def _field(name: str, value: object, *, inline: object = True) -> dict[str, object]:
    return {"name": name, "value": value, "inline": inline}


MODULE = [_field("模块", "行情节点"), _field("时间", "2026-01-01 09:30:00")]
FOOTER = {"text": "行情节点 • 2026-01-01 09:30:00"}
EMBED = {
    "title": "持仓报告",
    "description": "**今日盈亏** +1.2%",
    "color": 0x2ECC71,
    "timestamp": "2026-01-01T01:30:00",
    "fields": [_field("账户", "A1"), _field("净值", 1_000_000.5, inline=False)],
    "footer": {"text": "每日", "icon_url": "https://example.com/icon.png"},
    "author": {"name": "机器人", "url": "https://example.com", "icon_url": None},
    "thumbnail": {"url": "https://example.com/t.png"},
}
CSV = {"filename": "成交.csv", "content": b"code,volume\nA,1", "mimetype": "text/csv"}

ENVELOPES = (
    Sample("plain text", envelope("任务完成", ["webhook"])),
    Sample("to a user's webhook", envelope("任务完成", ["webhook"], user_uuid=TRADER)),
    Sample("by Discord's name", envelope("任务完成", ["discord", "email"], user_uuid=TRADER), 2),
    Sample("one channel by its name alone", envelope("任务完成", "webhook")),
    Sample(
        "a channel that was never built",
        envelope("任务完成", ["webhook", "telegram"]),
        failing=1,
    ),
    Sample("an own webhook", envelope("成交", ["webhook"], webhook_url=DISCORD, color=3066993)),
    Sample("a colour that is none", envelope("平仓", ["webhook"], color=34886848), 1, ("color",)),
    Sample("a footer as text", envelope("完成", ["webhook"], footer="LiveBot", fields=MODULE)),
    Sample("nothing given for everything", envelope("x", ["webhook"], fields=None, footer=None)),
    Sample("an embed instead of text", envelope("", ["discord"], embed=EMBED)),
    Sample("an embed beside text", envelope("见附表", ["discord"], embed=EMBED, title="日报")),
    Sample(
        "ten embeds and a text",
        envelope("汇总", ["discord"], webhook_url=DISCORD, embeds=[EMBED] * 10),
        2,
    ),
    Sample(
        "embedded for its type", envelope("正文", ["webhook"], content_type="embedded"), 1
    )._replace(noted=("content_type",)),
    Sample("markdown", envelope("**注意** _回撤_", ["webhook"], content_type="markdown")),
    Sample(
        "mail with everything",
        envelope(
            "<h1>日报</h1>",
            ["email"],
            title="日报",
            to=["a@example.com", "b@example.com"],
            cc=["c@example.com"],
            bcc=["d@example.com"],
            html=True,
            attachments=[CSV],
        ),
        4,
        ("attachments[0].content",),
    ),
    Sample("mail that is no HTML", envelope("正文", ["email"], to="a@example.com", html=False)),
    Sample(
        "a subject with a line break",
        envelope("磁盘已满", ["discord", "email"], to="a@example.com", subject="disk full\n"),
        2,
    ),
    Sample("a text that was cut", envelope("截断 \ud83d", ["webhook"])),
    Sample("urgent beyond measure", envelope("熔断", ["webhook"], priority=5), 1, ("priority",)),
    Sample(
        "a template with its variables",
        envelope("", ["webhook"], template_id="risk_alert", message="超限", risk_type="回撤"),
        1,
        ("portfolio_id", "trigger_condition", "current_value", "threshold"),
    ),
    Sample(
        "rendered before it was queued",
        envelope(
            "价格 150.0", ["discord"], template_id="trading_signal", symbol="AAPL", price=150.0
        ),
    ),
)

TYPED = (
    Sample("simple", simple("启动完成")),
    Sample("simple, by all means", simple("启动完成", channels=None), 1),
    Sample("simple, to a group", typed("simple", content="开盘", group_name="traders"), 2),
    Sample(
        "simple, to a group by its id", typed("simple", content="开盘", group_uuid="9c" * 16), 2
    ),
    Sample(
        "from notify",
        simple(
            "节点启动",
            title="ℹ️ 节点",
            color=16777215,
            fields=[_field("节点ID", "node_1"), *MODULE],
            footer=FOOTER,
        ),
    ),
    Sample(
        "from notify without details", simple("心跳", color=16777215, fields=None, footer=FOOTER)
    ),
    Sample(
        "a trading signal as text", simple("做多信号 600519.SH 数量 100\n原因: 突破", priority=2)
    ),
    Sample(
        "from the command line",
        simple(
            "测试",
            title="提醒",
            color=3447003,
            fields=[{"name": "状态", "value": "OK"}, {"name": "数量", "value": 3}],
            footer={"text": "cli", "icon_url": "https://example.com/i.png"},
            author={"name": "ops"},
            url="https://example.com/run/1",
        ),
    ),
    Sample("to nobody, with a webhook", simple("x", user_uuid=None, webhook_url=DISCORD)),
    Sample(
        "a template by the way",
        simple("", template_id="data_sync_status", data_type="日K", symbol="A", record_count=5),
        1,
        ("update_time",),
    ),
    Sample("to somebody who is away", simple("x", user_uuid=SILENT), 0),
    Sample(
        "from notify_with_fields",
        {
            "message_type": "custom_fields",
            "user_uuids": [TRADER, RISK],
            "content": "调度器启动成功",
            "title": "调度器",
            "level": "INFO",
            "fields": [_field("节点", "t1"), _field("任务数", 3), _field("空", None)],
            "module": "调度器",
        },
        2,
        ("fields[2].value",),
    ),
    Sample(
        "custom fields to the system group",
        {
            "message_type": "custom_fields",
            "content": "磁盘不足",
            "fields": [_field("剩余", "3%", inline=None)],
            "level": "WARN",
        },
        1,
    ),
    Sample("custom fields without any", typed("custom_fields", content="x", fields=[]), 1)._replace(
        noted=("fields",)
    ),
    Sample(
        "a template",
        typed("template", template_id="trading_signal", context={"symbol": "AAPL", "price": 150.0}),
    ),
    Sample(
        "a template with values that are no JSON",
        typed(
            "template",
            template_id="long_signal",
            context={
                "symbol": "600519.SH",
                "content": "金叉",
                "price": Decimal("1500.50"),
                "quantity": float("nan"),
                "timestamp": datetime(2026, 1, 1, 9, 30),  # noqa: DTZ001 - as the original's
            },
        ),
    ),
    Sample(
        "a signal with numbers",
        typed("trading_signal", direction="LONG", code="AAPL", price=1e-05, volume=100),
    ),
    Sample(
        "a signal with texts",
        typed("trading_signal", direction="short", code="600519.SH", price="1500.50", volume="100")
        | {"strategy": "双均线", "reason": "死叉"},
    ),
    Sample(
        "a signal of an enumeration", typed("trading_signal", direction=Direction.LONG, code="A")
    ),
    Sample(
        "a signal to keep still",
        typed("trading_signal", direction="HOLD", code="A", price=None),
        1,
        ("direction",),
    ),
    Sample(
        "a system notification",
        typed("system_notification", content="数据库断开", level="ERROR", group_name="traders"),
        2,
    ),
    Sample("a system notification of no level", typed("system_notification", content="ok"), 1),
)
SAMPLES = ENVELOPES + TYPED
