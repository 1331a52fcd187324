"""``notifier trace`` and ``notifier history`` as a terminal shows them."""

from msgspec.structs import replace

from app.faces.api.examples import HISTORY, STORY
from app.faces.cli.tracing import lines_of, table
from app.values.history import TargetStory
from app.values.note import Note


def test_a_story_is_told_in_lines() -> None:
    """State, facts, every attempt with its answer."""
    told = "\n".join(lines_of(STORY))
    assert told.startswith("SENT  交易信号: AAPL")
    assert "try 1 retry in 0.087 s by trader-1:4711: 503 Service Unavailable" in told
    assert "try 2 delivered in 0.091 s by trader-1:4711" in told
    assert f"Trace ID:       {STORY.trace_id}" in told


def test_what_waits_says_why_and_until_when() -> None:
    """And what was left out, and how a dead letter is replayed."""
    waiting = replace(
        STORY,
        id=None,
        title=None,
        state="waiting",
        why="broken:\x1b[2J 503",
        next_attempt_at="2026-01-01T12:00:00+00:00",
        dead_letter="3/17",
        notes=(Note("color", "is no colour"),),
        targets=(TargetStory("email", "a@example.com", ()),),
    )
    told = "\n".join(lines_of(waiting))
    assert told.startswith("WAITING  notifications/0/1235")
    assert "Next attempt:" in told
    assert "notifier dead-letters replay 3/17" in told
    assert "color: is no colour" in told
    assert "no attempt yet" in told
    assert "\x1b" not in told


def test_the_history_is_a_line_each() -> None:
    """Time, state, id, title, destination."""
    (line,) = table(HISTORY.history)
    assert " sent " in line
    assert "order-4711-filled" in line
    assert "交易信号: AAPL" in line
