"""``notifier workers`` as a terminal shows it."""

from msgspec.structs import replace

from app.faces.api.examples import FLEET
from app.faces.cli.workers import lines_of
from app.values.fleet import Fleet, Worker, WorkerStatistics
from app.values.snapshot import Status


def words(line: str) -> str:
    """Return a line with one space between its words."""
    return " ".join(line.split())


def test_every_worker_has_its_line_and_its_facts() -> None:
    """This one is marked, and the sums stand below."""
    told = list(lines_of(FLEET))
    assert words(told[0]) == "Worker Status Partitions Consumed Sent Failed In flight Lag"
    assert words(told[1]) == "worker-1:4711:9f3a RUNNING 3 1,234 1,200 30 5 7"
    assert words(told[2]) == "1 in all 1,234 1,200 30 5 7"
    text = "\n".join(told)
    assert "worker-1:4711:9f3a  (this one)" in text
    assert "Page:           http://10.0.0.11:8000/" in text
    assert "notifications: 0, 2, 4" in text


def test_what_is_not_well_is_seen() -> None:
    """A problem, a pause, a figure that nobody knows, and others that may be missing."""
    ill = Worker("a:1:0001", "a", 1, Status.RUNNING, problem="Kafka\x1b[2J is away")
    paused = Worker("b:2:0002", "b", 2, Status.RUNNING, paused=True)
    fleet = Fleet("b:2:0002", (ill, paused), WorkerStatistics(), unknown="no broker answers")
    told = list(lines_of(fleet))
    assert words(told[1]) == "a:1:0001 PROBLEM 0 0 0 0 0 –"
    assert words(told[2]) == "b:2:0002 PAUSED 0 0 0 0 0 –"
    text = "\n".join(told)
    assert "\x1b" not in text
    assert "Page:           none" in text
    assert text.endswith("Others may be missing: no broker answers")


def test_nobody_is_there() -> None:
    """The one that answers is stopped."""
    assert list(lines_of(replace(FLEET, workers=()))) == ["No worker of the group is running."]
