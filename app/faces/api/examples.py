"""The values that OpenAPI shows. They are real ones, so that they cannot go out of date."""

import msgspec

from app.faces.api.problems import Fault, Problem
from app.values.control import AttemptPage, PublishWarning
from app.values.dead_letter import DeadLetter, DeadLetterPage
from app.values.destinations import DestinationAnswer, DestinationPage, DestinationView
from app.values.fleet import Fleet, Worker, WorkerStatistics
from app.values.history import HistoryPage, Settled, Story, TargetStory, Told
from app.values.inbox import InboxCard
from app.values.note import Note
from app.values.rates import Rate, Rates
from app.values.replay import Replay
from app.values.snapshot import (
    Attempt,
    AttemptStatus,
    Counts,
    DestinationSnapshot,
    DestinationState,
    PartitionSnapshot,
    Snapshot,
    Status,
)

_WEBHOOK = "https://discord.com/api/webhooks/1234…/***"

SNAPSHOT = Snapshot(
    status=Status.RUNNING,
    is_running=True,
    paused=False,
    problem=None,
    group_id="notification_worker_group",
    topics=("notifications",),
    broker="kafka-1:9092",
    embedded=False,
    start_time="2026-01-01T09:44:30+00:00",
    last_message_time="2026-01-01T12:00:00+00:00",
    uptime_seconds=8130.0,
    clock_difference_seconds=0.012,
    messages_consumed=1234,
    messages_sent=1200,
    messages_failed=30,
    messages_partial=3,
    messages_expired=1,
    messages_suppressed=0,
    messages_retried=4,
    messages_adjusted=2,
    messages_deferred=0,
    messages_dead_lettered=34,
    messages_duplicate=2,
    messages_skipped=0,
    messages_missed=0,
    messages_vanished=0,
    deferred_waiting=0,
    in_flight=5,
    queued=1,
    success_rate=0.9724473257698542,
    lag=7,
    backlog=9,
    partitions=(
        PartitionSnapshot(
            topic="notifications",
            partition=0,
            position=1240,
            committed=1237,
            end=1244,
            lag=7,
            unsettled=5,
        ),
    ),
    channels={"discord": Counts(messages_sent=1200, messages_failed=30, messages_retried=4)},
    destinations={
        _WEBHOOK: DestinationSnapshot(
            channel="discord",
            state=DestinationState.RATE_LIMITED,
            until="2026-01-01T12:00:01.250000+00:00",
            queued=1,
            in_flight=4,
            messages_sent=1200,
            messages_failed=30,
            messages_expired=1,
            messages_retried=4,
            last_error="429 Too Many Requests",
        )
    },
)

HEALTH = {
    "status": "RUNNING",
    "is_running": True,
    "paused": False,
    "group_id": "notification_worker_group",
    "topics": ["notifications"],
    "broker": "kafka-1:9092",
    "start_time": "2026-01-01T09:44:30+00:00",
    "last_message_time": "2026-01-01T12:00:00+00:00",
    "uptime_seconds": 8130.0,
    "messages_consumed": 1234,
    "messages_sent": 1200,
    "messages_failed": 30,
    "messages_retried": 4,
}
UNHEALTHY = {**HEALTH, "problem": "Kafka has not answered for 21 s"}
STARTING = {**HEALTH, "status": "STARTING", "is_running": False}

_NOTE = Note("kwargs.color", "expected a colour from 0 to 16777215 or #RRGGBB; left out")
WARNING = PublishWarning.of(0, _NOTE)

ATTEMPT = Attempt(
    id=1234,
    time="2026-01-01T12:00:00.123+00:00",
    status=AttemptStatus.DELIVERED,
    channel="discord",
    destination=_WEBHOOK,
    message_id="0199c0de-0000-7000-8000-000000000001",
    title="交易信号: AAPL",
    content="📈 AAPL 突破关键位，建议关注",
    attempt=1,
    duration=0.087,
    error=None,
    origin="notifications/0/1239",
    notes=(_NOTE,),
)
DELIVERIES = AttemptPage((ATTEMPT,), 1234)

RATES = Rates(
    5,
    (
        Rate("2026-01-01T11:59:55+00:00", 1432, 1430, 18.4, 42.9),
        Rate("2026-01-01T12:00:00+00:00", 310, 310, 17.1, 39.0),
    ),
)

_TARGET = TargetStory(
    channel="webhook",
    destination=_WEBHOOK,
    attempts=(
        Told(
            time="2026-01-01T12:00:00.401+00:00",
            status=AttemptStatus.RETRY,
            attempt=1,
            worker="trader-1:4711",
            duration=0.087,
            error="503 Service Unavailable",
        ),
        Told(
            time="2026-01-01T12:00:01.622+00:00",
            status=AttemptStatus.DELIVERED,
            attempt=2,
            worker="trader-1:4711",
            duration=0.091,
            error=None,
        ),
    ),
)
HISTORY = HistoryPage(
    (
        Settled(
            id="order-4711-filled",
            origin="notifications/0/1235",
            state="sent",
            title="交易信号: AAPL",
            user="trader-001",
            published="2026-01-01T12:00:00.312+00:00",
            settled="2026-01-01T12:00:01.623+00:00",
            worker="trader-1:4711",
            targets=(_TARGET,),
            notes=(),
        ),
    ),
    "17.3",
)
STORY = Story(
    id="order-4711-filled",
    origin="notifications/0/1235",
    state="sent",
    why=None,
    next_attempt_at=None,
    worker="trader-1:4711",
    title="交易信号: AAPL",
    user="trader-001",
    published="2026-01-01T12:00:00.312+00:00",
    settled="2026-01-01T12:00:01.623+00:00",
    record=None,
    content="📈 AAPL 突破关键位，建议关注",
    targets=(_TARGET,),
    notes=(),
    dead_letter=None,
    trace_id="0af7651916cd43dd8448eb211c80319c",
)

DEAD_LETTER = DeadLetter(
    id="3/17",
    time="2026-01-01T12:00:00.456+00:00",
    reason="rejected",
    error="400 Bad Request: embeds[0].description is too long",
    origin="notifications/0/1236",
    message_id="0199c0de-0000-7000-8000-000000000002",
    title="🚨 系统告警",
    targets_failed=(_WEBHOOK,),
    targets_delivered=(),
    attempts=1,
    first_failure="2026-01-01T12:00:00.401+00:00",
    replays=0,
    replayed=None,
    key="0199c0de-0000-7000-8000-000000000002",
    value='{"content": "…", "channels": ["webhook"]}',
    headers={"notifier.reason": "rejected", "notifier.origin.topic": "notifications"},
    group="notification_worker_group",
    cause="9f2ca8b0d3e1",
)
DEAD_LETTERS = DeadLetterPage((DEAD_LETTER,), "3/17", 1200, "2026-01-01T11:00:00.000+00:00")

REPLAY = Replay(
    state="running",
    selected=120,
    replayable=118,
    replayed=40,
    already=1,
    expired=1,
    started="2026-01-01T12:00:00+00:00",
    rate=50.0,
    ids=("3/17", "3/18"),
    choice="all dead letters with the reason exhausted",
)
REPLAY_PLAN = msgspec.structs.replace(REPLAY, state="planned", replayed=0, started=None, rate=None)

INBOX_CARD = InboxCard(
    id=1,
    kind="discord",
    time="2026-01-01T12:00:00.123+00:00",
    title="🔔 Webhook 测试通知",
    text="测试消息 #1 - 12:00:00",
    color=0x5865F2,
)

NOTIFICATION = {
    "message_id": "order-4711-filled",
    "content": "AAPL: 100 shares bought at 187.20",
    "channels": ["webhook"],
    "priority": 2,
    "metadata": {"user_uuid": "trader-001", "title": "Order filled"},
    "ttl_seconds": 3600,
}
SIMPLE = {
    "message_type": "simple",
    "user_uuid": "trader-001",
    "title": "Order filled",
    "content": "AAPL: 100 shares bought at 187.20",
}

PROBLEM = Problem(
    title="Unprocessable Entity",
    status=422,
    detail="body item 3 content: it is missing. Nothing was published.",
    instance="/notifications",
    errors=(Fault("body", "it is missing", "content", 3),),
)

REPORT = """\
============================================================
  Worker Status Report - 2026-01-01 12:00:00
============================================================
  Status:           RUNNING
  Is Running:       True
  Group ID:         notification_worker_group
  Topic:            notifications
------------------------------------------------------------
  Messages Consumed:    1,234
  Messages Sent:        1,200
  Messages Failed:      30
  Messages Retried:     4
------------------------------------------------------------
  Uptime:            2h 15m 30s
  Last Message:      2026-01-01T12:00:00
  Success Rate:      97.2%
============================================================
"""
EXPOSITION = """\
# HELP ginkgo_worker_messages_consumed_total Notifications taken from Kafka and settled.
# TYPE ginkgo_worker_messages_consumed_total counter
ginkgo_worker_messages_consumed_total 1234.0
"""
EVENTS = """\
event: stats
data: {"status":"RUNNING","messages_consumed":1234}

event: delivery
data: {"id":1234,"status":"delivered"}

event: deed
data: {"number":3,"at":"2026-01-01T12:00:00+00:00","who":"ops","what":"The worker was stopped."}
"""

FIGURES = WorkerStatistics(
    messages_consumed=1234,
    messages_sent=1200,
    messages_failed=30,
    messages_partial=3,
    messages_expired=1,
    messages_retried=4,
    messages_dead_lettered=34,
    in_flight=5,
    queued=1,
    lag=7,
    backlog=9,
    success_rate=0.9724473257698542,
    last_message_time="2026-01-01T12:00:00+00:00",
)

FLEET = Fleet(
    me="worker-1:4711:9f3a",
    workers=(
        Worker(
            id="worker-1:4711:9f3a",
            host="worker-1",
            process_id=4711,
            status=Status.RUNNING,
            address="http://10.0.0.11:8000",
            version="1.0.0",
            start_time="2026-01-01T09:44:30+00:00",
            partitions={"notifications": (0, 2, 4)},
            statistics=FIGURES,
        ),
    ),
    totals=FIGURES,
)

DESTINATION = DestinationView(
    id="5e0d6f0b8c1a4f27",
    channel="discord",
    label=_WEBHOOK,
    name="Day trader",
    state=DestinationState.PAUSED,
    until=None,
    paused_by="alice",
    paused_at="2026-01-01T12:00:00+00:00",
    waiting=0,
    in_flight=0,
    oldest_waiting=None,
    messages_sent=1200,
    messages_failed=30,
    messages_expired=0,
    messages_retried=4,
    attempts_last_hour=240,
    success_rate_last_hour=0.975,
    last_error="HTTP 500",
    last_error_time="2026-01-01T11:58:12+00:00",
    last_success_time="2026-01-01T11:59:48+00:00",
    messages_deferred=12,
)

DESTINATIONS = DestinationPage((DESTINATION,), total=1, next_cursor=None)

TEST_ANSWER = DestinationAnswer(
    accepted=True,
    status=AttemptStatus.DELIVERED,
    said=None,
    duration=0.087,
    destination=DESTINATION,
)
