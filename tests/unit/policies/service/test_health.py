"""Health tells the truth: every way not to make progress has its own sentence."""

import pytest

from app.policies.service.health import Signs, kafka_is_away, problem
from app.values.snapshot import Status

RUNNING = Status.RUNNING


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        (Signs(status=Status.ERROR, failure="boom"), "failed and is being restarted: boom"),
        (Signs(status=Status.STARTING, start_error="refused"), "waiting for Kafka: refused"),
        (Signs(status=Status.STARTING, starting_for=11), "waiting for Kafka for 11 s"),
        (Signs(status=RUNNING, broker_silent_for=16), "Kafka has not answered for 16 s"),
        (Signs(status=RUNNING, records_blocked="denied"), "cannot be kept either: denied"),
        (Signs(status=RUNNING, commit_overdue_for=16), "no commit was acknowledged for 16 s"),
        (Signs(status=RUNNING, poll_silent_for=46), "nothing was asked of Kafka for 46 s"),
        (Signs(status=RUNNING, fetch_silent_for=46), "records wait on Kafka"),
        (Signs(status=RUNNING, deliver_silent_for=91), "no attempt ended for 91 s"),
    ],
)
def test_names_what_is_wrong(signs: Signs, words: str) -> None:
    """Each sign past its patience is named."""
    assert words in (problem(signs) or "")


@pytest.mark.parametrize(
    "signs",
    [
        Signs(status=Status.STOPPED, failure="old"),
        Signs(status=Status.STOPPING, broker_silent_for=1000),
        Signs(status=Status.STARTING, starting_for=9),
        Signs(status=RUNNING),
        Signs(
            status=RUNNING,
            broker_silent_for=15,
            commit_overdue_for=15,
            poll_silent_for=45,
            fetch_silent_for=45,
            deliver_silent_for=90,
        ),
    ],
)
def test_says_nothing_where_nothing_is_wrong(signs: Signs) -> None:
    """A worker that was stopped on purpose, or is within every patience, is well."""
    assert problem(signs) is None


@pytest.mark.parametrize(
    ("signs", "away"),
    [
        (Signs(status=Status.STARTING, start_error="refused"), True),
        (Signs(status=Status.STARTING, starting_for=11), True),
        (Signs(status=Status.STARTING, starting_for=9), False),
        (Signs(status=RUNNING, broker_silent_for=16), True),
        (Signs(status=RUNNING, broker_silent_for=15), False),
        (Signs(status=RUNNING, fetch_silent_for=46), False),
        (Signs(status=Status.STARTING, start_error="refused", condition="denied"), False),
        (Signs(status=Status.ERROR, failure="boom"), False),
    ],
)
def test_kafka_away_is_told_from_other_reasons(signs: Signs, away: bool) -> None:
    """Whoever has lost Kafka can tell nobody through it."""
    assert kafka_is_away(signs) is away
