"""How an item is called in the log."""

from app.engine.inflight.item import LONGEST_NAME, Item
from tests.support.engine import PARTITION, assignment, item, notification, record


def test_log_lines_carry_the_message_id() -> None:
    """Whoever reads one can ask for its trace; one without an id is asked for by its place."""
    named = item(notification(message_id="m-1"), assignment()[PARTITION])
    assert named.name == "notifications/0/0 (message m-1)"
    nameless = item(notification(), assignment()[PARTITION])
    assert nameless.name == "notifications/0/0"
    assert Item(record(), 1, b"digest").name == "notifications/0/0"


def test_an_id_that_is_very_long_is_cut() -> None:
    """Whatever a producer writes into it."""
    long = item(notification(message_id="x" * 10_000), assignment()[PARTITION])
    assert len(long.name) < LONGEST_NAME + 50
