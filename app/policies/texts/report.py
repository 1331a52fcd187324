"""The terminal report (docs/contract.md#terminal-report): the guide's own form, byte for byte."""

from datetime import datetime

from app.policies.texts.visible import visible
from app.values.snapshot import Snapshot

WIDTH = 60
_DOUBLE = "=" * WIDTH
_SINGLE = "-" * WIDTH


def render_report(snapshot: Snapshot, now: datetime) -> str:
    """Return the report, without a line break at its end.

    Uptime always has hours, minutes and seconds (``0h 0m 5s``), as the original's had; hours
    grow past 24. What the original did not know follows the closing rule, and only what has
    something to say.

    Args:
        now: Local time with its zone; the last message is shown in the same zone.
    """
    return visible("\n".join(_lines(snapshot, now)))


def _lines(snapshot: Snapshot, now: datetime) -> list[str]:
    return [
        _DOUBLE,
        f"  Worker Status Report - {now:%Y-%m-%d %H:%M:%S}",
        _DOUBLE,
        f"  Status:           {snapshot.status}",
        f"  Is Running:       {snapshot.is_running}",
        f"  Group ID:         {snapshot.group_id}",
        f"  Topic:            {', '.join(snapshot.topics)}",
        _SINGLE,
        f"  Messages Consumed:    {snapshot.messages_consumed:,}",
        f"  Messages Sent:        {snapshot.messages_sent:,}",
        f"  Messages Failed:      {snapshot.messages_failed:,}",
        f"  Messages Retried:     {snapshot.messages_retried:,}",
        _SINGLE,
        f"  Uptime:            {_duration(snapshot.uptime_seconds)}",
        *_since_the_first_message(snapshot, now),
        _DOUBLE,
        *_further(snapshot),
    ]


def _since_the_first_message(snapshot: Snapshot, now: datetime) -> list[str]:
    lines = []
    if snapshot.last_message_time is not None:
        last = datetime.fromisoformat(snapshot.last_message_time).astimezone(now.tzinfo)
        lines.append(f"  Last Message:      {last:%Y-%m-%dT%H:%M:%S}")
    if snapshot.success_rate is not None:
        lines.append(f"  Success Rate:      {snapshot.success_rate:.1%}")
    return lines


def _further(snapshot: Snapshot) -> list[str]:
    counts = {
        "In Flight": snapshot.in_flight,
        "Queued": snapshot.queued,
        "Partial": snapshot.messages_partial,
        "Expired": snapshot.messages_expired,
        "Suppressed": snapshot.messages_suppressed,
        "Adjusted": snapshot.messages_adjusted,
        "Deferred": snapshot.deferred_waiting,
        "Dead Lettered": snapshot.messages_dead_lettered,
        "Duplicate": snapshot.messages_duplicate,
        "Skipped": snapshot.messages_skipped,
        "Missed": snapshot.messages_missed,
        "Vanished": snapshot.messages_vanished,
        "Lag": snapshot.lag,
    }
    lines = [f"  {name + ':':<20}  {count:,}" for name, count in counts.items() if count]
    if snapshot.paused:
        lines.insert(0, f"  {'Paused:':<20}  True")
    if snapshot.problem is not None:
        lines.append(f"  {'Problem:':<20}  {' '.join(snapshot.problem.split())}")
    return lines


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m {rest}s"
