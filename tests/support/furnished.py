"""Everything that the pages can show, put into the fakes behind them."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from app.faces.api.examples import HISTORY, STORY
from app.values.dead_letter import Cause
from app.values.history import Entry
from app.values.inbox import InboxCard
from app.values.replay import Replay
from app.values.snapshot import (
    DestinationSnapshot,
    DestinationState,
    PartitionSnapshot,
)
from tests.support.fakes import Fakes, make_attempt, make_dead_letter

DISCORD = "https://discord.com/api/webhooks/1234…/***"
LONG = "https://hooks.operations.trading.example.com:8443/alerts/and/a/long/path/***"
MAIL = "<p style='color:red'>Hello</p><script>parent.document.title='owned'</script>"
CAUSE = "0123456789ab"


def destination(state: DestinationState, error: str | None = None) -> DestinationSnapshot:
    """Return a destination with figures."""
    until = None if state is DestinationState.OPEN else later(30)
    return DestinationSnapshot("discord", state, until, 12, 3, 8_120, 3, 1, 12, error)


def later(seconds: float) -> str:
    """Return the time in so many seconds."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def card(number: int, kind: str, **changes: object) -> InboxCard:
    """Return something that the inbox received."""
    base = InboxCard(number, kind, later(0), "🚨 系统告警", "⚠️ **检测到** 异常活动", 0xFF0000)
    return replace(base, **changes)


def furnish(fakes: Fakes, rows: int = 12) -> None:
    """Give the page everything that it can show.

    Args:
        fakes: Behind the page.
        rows: How long its tables are, more or less.
    """
    fakes.worker.change(
        messages_consumed=1_234_567, messages_sent=1_234_000, messages_failed=500,
        messages_partial=60, messages_expired=7, messages_retried=4_321,
        messages_dead_lettered=567, messages_deferred=1_204, messages_skipped=41,
        messages_missed=7, messages_suppressed=12, messages_adjusted=34, deferred_waiting=320, in_flight=950, queued=900, lag=12_345, success_rate=0.9995,
        last_message_time=later(-1), problem="Nothing was committed for 12 s.",
        destinations={
            DISCORD: destination(DestinationState.OPEN),
            LONG: destination(DestinationState.BROKEN, "connection refused"),
            "smtp://mail.example.com:587": destination(DestinationState.RATE_LIMITED, "450"),
            f"{LONG}/2": destination(DestinationState.GONE, "404 Unknown Webhook"),
        },
        partitions=tuple(
            PartitionSnapshot(topic, n, 10**6, 10**6, 10**6 + 9, lag, 3)
            for topic, lag in (("notifications", 9), ("notifications.retry.group.30s", 0))
            for n in range(rows)
        ),
    )  # fmt: skip
    for number, status in enumerate(
        ("delivered", "retry", "rejected", "rate_limited") * (1 + rows // 4)
    ):
        error = None if status == "delivered" else "400 Bad Request: embeds[0] is too long"
        fakes.attempts.add(
            make_attempt(
                number, time=later(number * 3 - 60), status=status, error=error, content="x" * 300
            )
        )
    fakes.dead_letters.letters = [
        make_dead_letter(
            f"0/{n}",
            title="交易信号: AAPL",
            targets_failed=(LONG,),
            replayed=later(-60) if n == 1 else None,
        )
        for n in range(min(rows, 6))
    ]
    fakes.replayer.planned = Replay(state="planned", selected=120, replayable=118, expired=2)
    fakes.replayer.progress = Replay(state="running", selected=9, replayable=9, replayed=4)
    fakes.inbox.received = [
        card(1, "webhook", sender=None),
        card(2, "email", sender="a@example.com", recipients=("b@example.com",), html=MAIL),
        card(3, "discord", fields=(("方向", "LONG"), ("价格", "187.42")), footer="trader-001"),
    ]  # fmt: skip


def furnish_letters(fakes: Fakes) -> None:
    """Put three dead letters into the topic, one of them replayed, a cause, and a plan."""
    fakes.dead_letters.letters = [
        make_dead_letter("0/7", replayed="2026-01-01T12:00:00+00:00"),
        make_dead_letter("3/14"),
        make_dead_letter("3/15"),
    ]
    fakes.dead_letters.causes = [
        Cause(CAUSE, "rejected", "webhook https://a/***", "HTTP 400", 12, 2, "2026-01-01T12:00:00Z")
    ]
    fakes.replayer.planned = Replay(
        state="planned", selected=12, replayable=10, already=2, choice="what was ticked"
    )


def furnish_stories(fakes: Fakes) -> None:
    """Let the history have one notification, ``one``, that reached nobody."""
    fakes.tracer.stories["one"] = STORY
    (row,) = HISTORY.history
    fakes.tracer.entries = [(Entry(row.id, row.origin, row.state, 0, 0), row)]
