"""Judges whether the worker makes progress. Pure."""

import msgspec

from app.values.snapshot import Status

BROKER_PATIENCE = 15.0
COMMIT_PATIENCE = 15.0
POLL_PATIENCE = 45.0
FETCH_PATIENCE = 45.0
DELIVER_PATIENCE = 90.0
START_PATIENCE = 10.0


class Signs(msgspec.Struct, frozen=True):
    """Signs of a worker's health. Ages are seconds; None means it does not apply."""

    status: Status
    failure: str | None = None  # the error that the worker's tasks ended with, or None
    starting_for: float | None = None  # since it began to start and is not running yet
    start_error: str | None = None  # the error of the last try to start, or None
    broker_silent_for: float | None = None  # since Kafka last answered anything
    # since there was something to commit and no commit was acknowledged
    commit_overdue_for: float | None = None
    poll_silent_for: float | None = None  # since the poll task last came round
    # since a record was last taken while some wait on Kafka and there is room
    fetch_silent_for: float | None = None
    # since an attempt last ended while there was work that could be done; waiting for a due
    # time or a rate limit is not such work
    deliver_silent_for: float | None = None
    # why dead letters or deferred records cannot be written, or None
    records_blocked: str | None = None
    # another reason that keeps it from its work, in its own words, or None
    condition: str | None = None


def problem(signs: Signs) -> str | None:
    """Name in one line the reason that keeps the worker from its work, or None."""
    if signs.status in (Status.STOPPED, Status.STOPPING):
        return None
    if signs.failure is not None:
        return f"the worker failed and is being restarted: {signs.failure}"
    return signs.condition or _standstill(signs)


def kafka_is_away(signs: Signs) -> bool:
    """Say whether the reason is that no broker answers, or none lets the worker in."""
    if signs.failure is not None or signs.condition is not None:
        return False
    if signs.status is Status.STARTING:
        return _starting(signs) is not None
    return (signs.broker_silent_for or 0.0) > BROKER_PATIENCE


def _standstill(signs: Signs) -> str | None:
    if signs.status is Status.STARTING:
        return _starting(signs)
    if signs.records_blocked is not None:
        return f"what cannot be delivered cannot be kept either: {signs.records_blocked}"
    for age, patience, said in (
        (signs.broker_silent_for, BROKER_PATIENCE, "Kafka has not answered for {} s"),
        (signs.commit_overdue_for, COMMIT_PATIENCE, "no commit was acknowledged for {} s"),
        (signs.poll_silent_for, POLL_PATIENCE, "nothing was asked of Kafka for {} s"),
        (
            signs.fetch_silent_for,
            FETCH_PATIENCE,
            "records wait on Kafka, and none was taken for {} s",
        ),
        (
            signs.deliver_silent_for,
            DELIVER_PATIENCE,
            "there is work, and no attempt ended for {} s",
        ),
    ):
        if age is not None and age > patience:
            return said.format(f"{age:.0f}")
    return None


def _starting(signs: Signs) -> str | None:
    if signs.start_error is not None:
        return f"waiting for Kafka: {signs.start_error}"
    if signs.starting_for is not None and signs.starting_for > START_PATIENCE:
        return f"waiting for Kafka for {signs.starting_for:.0f} s"
    return None
