from app.policies.texts.notes import MAX_FIELD, MAX_PROBLEM, MAX_QUOTE, MOST_NOTES, Notes, quoted
from app.values.note import Note


def test_nothing_noted_is_nothing() -> None:
    """Most notifications are sent as they are."""
    assert Notes().all() == ()


def test_notes_keep_their_order_and_say_what_became_of_it() -> None:
    """Where, what was wrong, and that it was left out."""
    notes = Notes()
    notes.left_out("kwargs.color", "no colour")
    notes.add("priority", "9 counts as 3")
    assert notes.all() == (
        Note("kwargs.color", "no colour; left out"),
        Note("priority", "9 counts as 3"),
    )


def test_notes_are_bounded_in_number_and_length() -> None:
    """A record of a thousand faults does not fill the log with them, but tells how many."""
    notes = Notes()
    for number in range(1000):
        notes.add(f"{number}" + "f" * 1000, "p" * 1000)
    *kept, last = notes.all()
    assert len(kept) == MOST_NOTES
    assert last == Note("", f"and {1000 - MOST_NOTES} more")
    assert max(len(each.field) for each in kept) == MAX_FIELD
    assert max(len(each.problem) for each in kept) == MAX_PROBLEM


def test_what_is_quoted_is_short_and_holds_no_secret() -> None:
    """A webhook URL in the wrong place is not shown."""
    assert quoted("sms") == "'sms'"
    assert len(quoted("x" * 10_000)) <= MAX_QUOTE
    assert "secret" not in quoted("https://discord.com/api/webhooks/1/secret")
    assert "\n" not in quoted("a\nb")
