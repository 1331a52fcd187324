from datetime import datetime, timedelta
from typing import Any

import pytest

from app.faces.dashboard.formats import show
from app.values.note import Note


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (None, "number", "–"),
        ("", "text", "–"),
        ((), "texts", "–"),
        (0, "number", "0"),
        (1234, "number", "1,234"),
        (0.972, "percent", "97.2%"),
        (0.99999, "percent", "99.9%"),
        (1.0, "percent", "100.0%"),
        (0.0, "rate", "0.0"),
        (0.254, "rate", "0.25"),
        (3.24, "rate", "3.2"),
        (1234.4, "rate", "1,234"),
        (0.0004, "took", "0.4 ms"),
        (0.0123, "took", "12 ms"),
        (1.52, "took", "1.5 s"),
        (90.2, "took", "90 s"),
        (8130.9, "uptime", "2h 15m 30s"),
        (360_000.0, "uptime", "100h 0m 0s"),
        ("rate_limited", "state", "rate limited"),
        (("a", "b"), "texts", "a, b"),
        ("https://discord.com/1234…/***", "place", "discord.com/1234…/***"),
        ("http://127.0.0.1:4/***", "place", "127.0.0.1:4/***"),
        ("smtp://mail:587", "place", "smtp://mail:587"),
        (
            ("https://a/***", "email b", "webhook http://c/***"),
            "places",
            "a/***, email b, webhook c/***",
        ),
        ("RUNNING", "text", "RUNNING"),
        (
            (Note("kwargs.color", "no colour"), Note("", "more")),
            "notes",
            "kwargs.color: no colour; more",
        ),
    ],
)
def test_a_value_reads_as_an_operator_expects(value: Any, form: str, shown: str) -> None:
    """Numbers have separators, times units, and nothing is a dash."""
    assert show(value, form) == shown


def test_a_time_of_today_has_no_date() -> None:
    """Today's times are short, older ones say their day."""
    now = datetime.now().astimezone()
    earlier = now - timedelta(days=40)
    assert show(now.isoformat(), "clock") == f"{now:%H:%M:%S}"
    assert show(earlier.isoformat(), "clock") == f"{earlier:%m-%d %H:%M:%S}"
