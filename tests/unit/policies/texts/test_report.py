import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.texts.report import render_report
from app.values.snapshot import Snapshot, Status
from tests.support.fakes import SNAPSHOT

GUIDE = """\
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
============================================================"""

SHANGHAI = timezone(timedelta(hours=8))
NOON = datetime(2026, 1, 1, 12, 0, 0, 999_999, tzinfo=SHANGHAI)


def snapshot(**changes: Any) -> Snapshot:
    """Return a running worker's snapshot, with changes."""
    return msgspec.structs.replace(SNAPSHOT, **changes)


def after_the_rule(text: str) -> list[str]:
    """Return what follows the closing rule."""
    return text.split("=" * 60)[3].split("\n")[1:]


def test_the_report_is_the_guides_to_the_byte() -> None:
    """Programs and eyes that know the original's report know this one."""
    state = snapshot(
        messages_consumed=1234,
        messages_sent=1200,
        messages_failed=30,
        messages_retried=4,
        uptime_seconds=2 * 3600 + 15 * 60 + 30.9,
        last_message_time="2026-01-01T04:00:00.987654+00:00",
        success_rate=1200 / 1234,
    )
    assert render_report(state, NOON) == GUIDE


def test_before_the_first_message_two_lines_are_left_out() -> None:
    """There is no last message and no rate to show, and nothing else is missing."""
    missing = ("  Last Message:", "  Success Rate:")
    lines = [line for line in GUIDE.splitlines() if not line.startswith(missing)]
    shown = render_report(snapshot(), NOON).splitlines()
    assert [line[:18] for line in shown] == [line[:18] for line in lines]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0h 0m 0s"),
        (5.99, "0h 0m 5s"),
        (60.0, "0h 1m 0s"),
        (3599.0, "0h 59m 59s"),
        (86_400.0, "24h 0m 0s"),
        (1000 * 3600 + 61.0, "1000h 1m 1s"),
    ],
)
def test_uptime_always_has_three_parts(seconds: float, text: str) -> None:
    """As in the original, and hours grow past 24."""
    assert f"  Uptime:            {text}\n" in render_report(snapshot(uptime_seconds=seconds), NOON)


@pytest.mark.parametrize(
    ("rate", "text"), [(0.0, "0.0%"), (1.0, "100.0%"), (0.5, "50.0%"), (2 / 3, "66.7%")]
)
def test_the_rate_has_one_decimal(rate: float, text: str) -> None:
    """A rate of nothing is a rate as well."""
    shown = render_report(snapshot(success_rate=rate), NOON)
    assert f"  Success Rate:      {text}\n" in shown


def test_several_topics_are_separated_by_commas() -> None:
    """All topics stand in one line."""
    shown = render_report(snapshot(topics=("a", "b")), NOON)
    assert "  Topic:            a, b\n" in shown


def test_a_stopped_worker_says_so() -> None:
    """Status and flag are those of the snapshot."""
    shown = render_report(snapshot(status=Status.STOPPED, is_running=False), NOON)
    assert "  Status:           STOPPED\n  Is Running:       False\n" in shown


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"paused": True}, "  Paused:               True"),
        ({"in_flight": 12_345}, "  In Flight:            12,345"),
        ({"queued": 1}, "  Queued:               1"),
        ({"messages_partial": 2}, "  Partial:              2"),
        ({"messages_expired": 3}, "  Expired:              3"),
        ({"messages_suppressed": 10}, "  Suppressed:           10"),
        ({"messages_adjusted": 11}, "  Adjusted:             11"),
        ({"deferred_waiting": 4}, "  Deferred:             4"),
        ({"messages_dead_lettered": 5}, "  Dead Lettered:        5"),
        ({"messages_duplicate": 6}, "  Duplicate:            6"),
        ({"messages_skipped": 7}, "  Skipped:              7"),
        ({"messages_missed": 9}, "  Missed:               9"),
        ({"lag": 8}, "  Lag:                  8"),
        ({"problem": "Kafka\nis  away"}, "  Problem:              Kafka is away"),
    ],
)
def test_further_lines_follow_the_closing_rule(changes: dict[str, Any], line: str) -> None:
    """Each is there when it has something to say, and alone when the others have nothing."""
    assert after_the_rule(render_report(snapshot(**changes), NOON)) == [line]


def test_nothing_follows_when_there_is_nothing_to_say() -> None:
    """Zeros and an unknown lag are not worth a line."""
    assert after_the_rule(render_report(snapshot(lag=None), NOON)) == []


@given(
    consumed=st.integers(0, 10**15),
    uptime=st.floats(0, 10**9),
    last=st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)),  # noqa: DTZ001 - Hypothesis wants naive bounds
)
def test_figures_can_be_read_back(consumed: int, uptime: float, last: datetime) -> None:
    """No figure is lost or changed, however large."""
    state = snapshot(
        messages_consumed=consumed, uptime_seconds=uptime, last_message_time=last.isoformat()
    )
    shown = render_report(state, NOON)
    number = re.search(r"Messages Consumed: +([\d,]+)\n", shown)
    parts = re.search(r"Uptime: +(\d+)h (\d+)m (\d+)s\n", shown)
    time = re.search(r"Last Message: +(\S+)\n", shown)
    assert number is not None
    assert int(number[1].replace(",", "")) == consumed
    assert parts is not None
    assert int(parts[1]) * 3600 + int(parts[2]) * 60 + int(parts[3]) == int(uptime)
    assert time is not None
    assert datetime.fromisoformat(time[1]).replace(tzinfo=SHANGHAI) == last.replace(microsecond=0)
