"""What the workers tell each other for the operator's sake, as records."""

from app.policies.books.notices import (
    FORGOTTEN_AFTER,
    STALE_AFTER,
    NoticeBook,
    report_entry,
    report_taken_back,
    told_entry,
)
from app.values.notice import Matter, MatterKind, Report, Told

BROKEN = Matter(MatterKind.DESTINATION, "hook", 1.0, "HTTP 503", "broken", 7)
REPORT = Report("host:1", 2.0, (BROKEN,), ("well",))


def test_what_was_written_is_read() -> None:
    """The newest of each worker, for as long as it says something."""
    book = NoticeBook("group")
    book.take(*report_entry("group", REPORT), 100.0)
    assert list(book.reports(100.0)) == [REPORT]
    assert list(book.reports(100.0 + STALE_AFTER)) == []
    assert book.forgotten(99.0 + FORGOTTEN_AFTER) == []
    assert book.forgotten(100.0 + FORGOTTEN_AFTER) == ["host:1"]
    book.take(*report_taken_back("group", "host:1"), 101.0)
    assert book.forgotten(1000.0) == []
    told = Told(BROKEN, 3.0, over=True)
    book.take(*told_entry("group", {"hash": [told]}), 0.0)
    assert book.told == {"hash": [told]}


def test_a_report_of_nothing_takes_the_last_one_back() -> None:
    """A topic that is compacted keeps a record for ever."""
    assert report_entry("group", Report("host:1", 2.0)) == report_taken_back("group", "host:1")


def test_other_records_are_none_of_its_business() -> None:
    """Whatever stands there, and whatever a version to come will write."""
    book = NoticeBook("group")
    key, value = report_entry("group", REPORT)
    book.take(key, value, 100.0)
    for name in (b"replayed/0/1", b"\xff", b"commits/a", None):
        book.take(name, b"{}", 100.0)
    assert list(book.reports(100.0)) == [REPORT]
    book.take(b"operator/group/told", b"{not JSON", 100.0)
    assert book.told == {}
    book.take(key, b'{"worker": 7}', 100.0)
    assert list(book.reports(100.0)) == []
