"""Which destinations are paused, and what need not wait for that any longer."""

from app.policies.books.pauses import (
    PauseBook,
    Pausing,
    destination_id,
    paused_by,
    paused_texts,
    pausing_entry,
)
from app.values.delivery import Destination

PAUSED = Pausing(True, "alice", 1_700_000_000.0, "discord", "https://discord.com/***")
RESUMED = Pausing(False, "bob", 1_700_000_100.0, "discord", "https://discord.com/***")


def book(*words: tuple[str, Pausing, float]) -> PauseBook:
    """Return a book of words about destinations, each at its time."""
    made = PauseBook("group")
    for identity, word, at in words:
        assert made.take(*pausing_entry("group", identity, word), at, at - 1000) == identity
    return made


def test_the_last_word_counts() -> None:
    """Whoever said it is known."""
    made = book(("a", PAUSED, 1.0), ("b", PAUSED, 2.0), ("a", RESUMED, 3.0))
    assert made.pause_of("a") is None
    assert made.pause_of("b") == PAUSED
    assert made.pause_of("c") is None
    assert dict(made.paused()) == {"b": PAUSED}
    assert paused_by(PAUSED) == "paused by alice"


def test_others_records_and_other_groups_are_none_of_it() -> None:
    """The control topic holds more than that, and may be shared."""
    made = PauseBook("group")
    assert made.take(*pausing_entry("another", "a", PAUSED), 1.0, 1.0) is None
    assert made.take(b"workers/group/a", b"{}", 1.0, 1.0) is None
    assert made.take(None, None, 1.0, 1.0) is None
    assert list(made.paused()) == []


def test_a_word_that_is_deleted_or_cannot_be_read_holds_nothing_up() -> None:
    """Rather send than keep what nobody can resume."""
    for value in (None, b"not JSON", b"\xff", b'{"paused": "perhaps"}'):
        made = book(("a", PAUSED, 1.0))
        key, _ = pausing_entry("group", "a", PAUSED)
        assert made.take(key, value, 2.0, 2.0) == "a"
        assert made.pause_of("a") is None


def test_what_stood_there_when_a_destination_was_resumed_need_not_wait() -> None:
    """Whatever it waits for: nobody could pick out what is for that destination alone."""
    made = book(("a", PAUSED, 10.0), ("a", RESUMED, 20.0), ("b", RESUMED, 15.0))
    assert made.need_not_wait(19.9, (), stood_there=True)
    assert not made.need_not_wait(20.0, (), stood_there=True)
    assert (made.resumed_at, made.resumed_on) == (20.0, -980.0)


def test_what_was_deferred_since_waits_whatever_the_clocks_say() -> None:
    """Else it would be due again and again while one broker's clock is behind another's."""
    made = book(("a", RESUMED, 20.0))
    assert not made.need_not_wait(0.0, (), stood_there=False)


def test_what_waits_for_a_pause_alone_is_due_once_that_is_over() -> None:
    """A worker may have deferred it before it heard that the destination was resumed."""
    made = book(("a", RESUMED, 20.0), ("b", PAUSED, 5.0))
    assert made.need_not_wait(90.0, ("a",), stood_there=False)
    assert not made.need_not_wait(90.0, ("a", "b"), stood_there=False)
    assert not made.need_not_wait(90.0, ("b",), stood_there=False)
    assert not PauseBook("group").need_not_wait(0.0, (), stood_there=True)


def test_news_are_what_differs() -> None:
    """Of two books, in either direction."""
    old = book(("a", PAUSED, 1.0), ("b", PAUSED, 1.0))
    new = book(("a", PAUSED, 1.0), ("b", RESUMED, 2.0), ("c", PAUSED, 3.0))
    assert new.news_since(old) == {"b", "c"}
    assert old.news_since(new) == {"b", "c"}
    assert new.news_since(new) == frozenset()


def test_the_operator_is_told_who_paused_what() -> None:
    """By the name that people gave it, to the second; and how it goes on."""
    paused = book(("a", PAUSED, 1.0))
    (text,) = paused_texts(paused, lambda _: "risk room").values()
    assert text.startswith("risk room was paused by alice on 2023-11-14 ")
    assert " UTC: what is for it is put aside" in text
    assert "notifier destinations resume a" in text
    (text,) = paused_texts(paused, lambda _: None).values()
    assert text.startswith("https://discord.com/*** was paused by alice on 2023-11-14 ")


def test_an_id_is_stable_and_tells_nothing() -> None:
    """It is the channel's and the address's, whatever the label."""
    one = Destination("webhook", "https://hooks.example/secret", "label")
    assert destination_id(one) == destination_id(Destination("webhook", one.address, "another"))
    assert destination_id(one) != destination_id(Destination("discord", one.address, "label"))
    assert len(destination_id(one)) == 16
    assert "secret" not in destination_id(one)
