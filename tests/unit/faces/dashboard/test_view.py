from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest

from app.faces.dashboard.dead_letters import LatestDeadLetters
from app.faces.dashboard.fleet import fleet_rows
from app.faces.dashboard.view import (
    LOGGED,
    Filters,
    Inbox,
    Pace,
    Page,
    attempts_view,
    inbox_view,
    pace,
    quantile,
)
from app.values.destinations import DestinationPage
from app.values.fleet import Fleet, WorkerStatistics
from app.values.replay import Replay
from app.values.snapshot import (
    Attempt,
    DestinationSnapshot,
    DestinationState,
    PartitionSnapshot,
    Snapshot,
    Status,
)
from tests.support.fakes import SNAPSHOT, FakeAttempts, FakeInbox, make_attempt

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def attempt(number: int, ago: float, duration: float | None = 0.01) -> Attempt:
    """Return an attempt that was made ``ago`` seconds before ``NOW``."""
    time = (NOW - timedelta(seconds=ago)).isoformat()
    return make_attempt(number, time=time, duration=duration)


def page(snapshot: Snapshot) -> Page:
    """Return a page of a snapshot and nothing else."""
    return Page(
        snapshot=snapshot,
        fleet=fleet_rows(Fleet("one:1:0001", (), WorkerStatistics()), ()),
        destinations=DestinationPage((), 0, None),
        report="",
        filters=Filters(),
        channels=("webhook", "email"),
        attempts=(),
        pace=Pace(0, None, None),
        dead_letters=LatestDeadLetters(),
        replay=Replay(),
        deeds=(),
        inbox=None,
        flash=None,
        time=NOW.isoformat(),
    )


def test_filters_keep_what_they_know() -> None:
    """Unknown words are left out, so that a mistyped address still shows a page."""
    known = {"status": "retry", "channel": "email", "q": " a b ", "refresh": "off"}
    assert Filters.of(known, ("webhook", "email")) == Filters("retry", "email", "a b", "off")
    assert (
        Filters.of({"status": "x", "channel": "y", "refresh": "z"}, ("webhook", "email"))
        == Filters()
    )
    assert len(Filters.of({"q": "x" * 1000}, ("webhook", "email")).q) == 200


def test_filters_make_the_shortest_query() -> None:
    """Only what differs from the defaults is part of a link."""
    filters = Filters(status="retry", q="a")
    assert filters.given() == {"status": "retry", "q": "a"}
    assert filters.given(status="", refresh="off") == {"q": "a", "refresh": "off"}
    assert filters.any
    assert not Filters(refresh="off").any


def test_the_pace_is_that_of_the_last_minute() -> None:
    """Older attempts do not count, and those without an answer have no latency."""
    attempts = [attempt(4, 1, 0.4), attempt(3, 2, 0.1), attempt(2, 3, None), attempt(1, 61, 9)]
    assert pace(attempts, NOW) == Pace(rate=3 / 60, median=0.4, slow=0.4)


def test_the_pace_of_nothing_is_nothing() -> None:
    """Without attempts there is no latency to show."""
    assert pace([], NOW) == Pace(rate=0, median=None, slow=None)


def test_a_full_log_counts_for_the_time_it_covers() -> None:
    """When memory holds less than a minute, the rate is not understated."""
    attempts = [attempt(LOGGED - index, index * 0.01) for index in range(LOGGED)]
    assert pace(attempts, NOW).rate == pytest.approx(100, rel=0.01)


def test_quantiles_are_of_the_nearest_rank() -> None:
    """The highest share is the highest value."""
    values = [1.0, 2.0, 3.0, 4.0]
    assert [quantile(values, share) for share in (0, 0.5, 0.95, 1)] == [1, 3, 4, 4]


def test_paused_is_a_mode_of_a_running_worker() -> None:
    """A stopped worker shows as stopped, paused or not."""
    running = msgspec.structs.replace(SNAPSHOT, paused=True)
    stopped = msgspec.structs.replace(running, status=Status.STOPPED)
    assert page(SNAPSHOT).mode == "RUNNING"
    assert page(running).mode == "PAUSED"
    assert page(stopped).mode == "STOPPED"


def destination(state: DestinationState) -> DestinationSnapshot:
    """Return a destination in a state."""
    return DestinationSnapshot("discord", state, None, 0, 0, 0, 0, 0, 0, None)


def test_what_mostly_fails_is_not_shown_as_well() -> None:
    """Whatever the worker's status is: a problem comes first."""
    broken = destination(DestinationState.BROKEN)
    well = destination(DestinationState.OPEN)
    change = partial(msgspec.structs.replace, SNAPSHOT, destinations={})
    assert page(change(success_rate=0.97)).signal == "RUNNING"
    assert page(change(problem="It does not move.")).signal == "PROBLEM"
    assert page(change(destinations={"a": broken, "b": well})).signal == "FAILING"
    assert page(change(destinations={"a": broken, "b": well, "c": well})).signal == "RUNNING"
    assert page(change(messages_consumed=10, success_rate=0.4)).signal == "FAILING"
    assert page(change(messages_consumed=9, success_rate=0.4)).signal == "RUNNING"
    stopped = change(status=Status.STOPPED, destinations={"a": broken})
    assert page(stopped).signal == "STOPPED"


@pytest.mark.parametrize(
    ("state", "status", "is_shut"),
    [
        (DestinationState.BROKEN, Status.RUNNING, True),
        (DestinationState.GONE, Status.RUNNING, True),
        (DestinationState.RATE_LIMITED, Status.RUNNING, False),
        (DestinationState.BROKEN, Status.STOPPED, False),
    ],
)
def test_a_destination_that_is_asked_nothing_shows_in_the_modes(
    state: DestinationState, status: Status, is_shut: bool
) -> None:
    """Resuming is of use then, while the worker runs."""
    snapshot = msgspec.structs.replace(
        SNAPSHOT, status=status, destinations={"a": destination(state)}
    )
    assert page(snapshot).modes == {status.value} | ({"SHUT"} if is_shut else set())


def test_retry_partitions_are_shown_when_they_hold_something() -> None:
    """A group has many of them, and most are empty most of the time."""

    def partition(
        topic: str, number: int, lag: int = 0, end: int = 9, unsettled: int = 0
    ) -> PartitionSnapshot:
        return PartitionSnapshot(topic, number, 9, 9, end, lag, unsettled)

    partitions = (
        partition("notifications", 0),
        partition("r.30s", 0),
        partition("r.30s", 1, lag=1, end=10),
        partition("r.30s", 2, end=20),
        partition("r.30s", 3, unsettled=1),
    )
    shown = page(msgspec.structs.replace(SNAPSHOT, partitions=partitions)).partitions
    assert [each.partition for each in shown] == [0, 1, 2, 3]
    assert [each.waiting for each in shown] == [0, 0, 11, 0]


def test_filters_do_not_change_the_pace() -> None:
    """Throughput and latency are of all attempts, whatever the table shows."""
    log = FakeAttempts([attempt(1, 5), attempt(2, 4)])
    shown, measured = attempts_view(log, Filters(status="rejected"), NOW)
    assert shown == ()
    assert measured.rate == 2 / 60


def test_a_service_without_an_inbox_shows_none() -> None:
    """The section is left out, not shown empty."""
    assert inbox_view(None) is None
    assert inbox_view(FakeInbox()) == Inbox((), "ok")
