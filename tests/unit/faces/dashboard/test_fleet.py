"""The group's workers, as the page shows them."""

import pytest

from app.faces.dashboard.fleet import SHOWN, fleet_rows, spans
from app.values.fleet import Fleet, Worker, WorkerStatistics
from app.values.snapshot import Status


def worker(number: int, **changes: object) -> Worker:
    """Return a worker on a machine of its own."""
    made: dict[str, object] = {
        "id": f"host-{number}:1:0001",
        "host": f"host-{number}",
        "process_id": 1,
        "status": Status.RUNNING,
        "address": f"http://10.0.0.{number}:8000",
    }
    return Worker(**{**made, **changes})  # type: ignore[arg-type]


def fleet(*workers: Worker, me: str = "host-1:1:0001") -> Fleet:
    """Return them, one of which shows the page."""
    return Fleet(me, workers, WorkerStatistics())


def test_this_worker_comes_first() -> None:
    """Then the others by their ids."""
    shown = fleet_rows(fleet(worker(3), worker(2), worker(1)), ("notifications",))
    assert [(row.host, row.is_me) for row in shown.rows] == [
        ("host-1", True),
        ("host-2", False),
        ("host-3", False),
    ]


def test_its_mode_is_what_an_operator_must_know() -> None:
    """A problem before a pause, a pause before its state."""
    rows = fleet_rows(
        fleet(
            worker(1, paused=True),
            worker(2, paused=True, problem="Kafka is away"),
            worker(3, status=Status.STARTING),
        ),
        (),
    ).rows
    assert [row.mode for row in rows] == ["PAUSED", "PROBLEM", "STARTING"]


def test_its_partitions_are_those_of_the_consumed_topics() -> None:
    """Those of the retry topics are counted; with several topics each is named."""
    has = {"a": (0, 1, 2, 5), "b": (7,), "retry.0s": (0,)}
    (row,) = fleet_rows(fleet(worker(1, partitions=has)), ("a",)).rows
    assert (row.places, row.partitions) == ("0–2, 5", 6)
    (row,) = fleet_rows(fleet(worker(1, partitions=has)), ("a", "b")).rows
    assert row.places == "a 0–2, 5, b 7"


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("http://10.0.0.2:8000", "http://10.0.0.2:8000/"),
        ("https://worker-2.example:8000", "https://worker-2.example:8000/"),
        ("http://127.0.0.1:8000", None),
        ("http://[::1]:8000", None),
        ("javascript:alert(1)", None),
        ("http://", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_a_link_leads_there(address: str | None, link: str | None) -> None:
    """A loopback address is each machine's own."""
    _, other = fleet_rows(fleet(worker(1), worker(2, address=address)), ()).rows
    assert other.link == link


def test_a_loopback_address_on_this_machine_is_a_link() -> None:
    """Two workers may run side by side."""
    shown = fleet_rows(
        fleet(worker(1), worker(2, host="host-1", address="http://127.0.0.1:8001")), ()
    )
    assert shown.rows[1].link == "http://127.0.0.1:8001/"


def test_the_page_stays_small() -> None:
    """However many there are; it is said how many are not shown."""
    shown = fleet_rows(fleet(*(worker(number) for number in range(SHOWN + 3))), ())
    assert (len(shown.rows), shown.hidden) == (SHOWN, 3)


def test_spans() -> None:
    """Numbers that follow each other are one."""
    assert spans([]) == ""
    assert spans([3, 1, 2, 9]) == "1–3, 9"
