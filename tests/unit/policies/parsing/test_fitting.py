"""The one rule: what decorates is left out with a note, and everything around it stays."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.parsing import appearance
from app.policies.parsing.fitting import MOST_ITEMS, text_of
from app.values.note import Note
from app.values.notification import Field, Footer
from tests.support.messages import envelope, read, typed

WRONG = [5, 1.5, True, [], [1], {}, {"a": 1}, "odd"]
DECORATIONS = [
    *("message_id", "content_type", "priority", "timestamp", "expires_at", "ttl_seconds"),
    *("ordering_key", "metadata", "metadata.template_id", "metadata.title", "kwargs"),
    *("kwargs.embed", "kwargs.embeds", "kwargs.color", "kwargs.fields", "kwargs.footer"),
    *("kwargs.author", "kwargs.url", "kwargs.username", "kwargs.avatar_url", "kwargs.subject"),
    *("kwargs.html", "kwargs.attachments", "kwargs.secret"),
    *("kwargs.embed.title", "kwargs.embed.description", "kwargs.embed.url", "kwargs.embed.color"),
    *("kwargs.embed.timestamp", "kwargs.embed.footer", "kwargs.embed.image"),
    *("kwargs.embed.thumbnail", "kwargs.embed.author", "kwargs.embed.fields"),
    *("kwargs.footer.text", "kwargs.footer.icon_url", "kwargs.author.name", "kwargs.author.url"),
]


def placed(path: str, value: object) -> dict[str, Any]:
    """Return an envelope with a value somewhere in it."""
    *outer, last = path.split(".")
    message: dict[str, Any] = envelope(channels=["webhook", "email"])
    inner = message
    for name in outer:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return message


@pytest.mark.parametrize("wrong", WRONG, ids=json.dumps)
@pytest.mark.parametrize("path", DECORATIONS)
def test_no_decoration_costs_a_notification(path: str, wrong: object) -> None:
    """Whatever stands in its place, the content is sent, to everybody it is meant for."""
    notification = read(placed(path, wrong))
    assert notification.content == "hello"
    assert [request.channel for request in notification.requests] == ["webhook", "email"]
    for note in notification.notes:
        assert note.field.startswith(path.split(".", maxsplit=1)[0])
        assert note.problem


@pytest.mark.parametrize("path", DECORATIONS)
def test_what_cannot_be_used_is_noted(path: str) -> None:
    """A list of lists fits nowhere; the note names the place, or that of the list's first item."""
    notes = read(placed(path, [[]])).notes
    assert notes
    assert all(note.field in (path, f"{path}[0]") for note in notes)


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"priority": 5}, "priority", "expected 0, 1, 2 or 3, got 5; taken as 3"),
        ({"priority": True}, "priority", "expected 0, 1, 2 or 3, got True; left out"),
        ({"content_type": "embedded"}, "content_type", "got 'embedded'; taken as text"),
        ({"kwargs": {"footer": []}}, "kwargs.footer", "or an object, got a list; left out"),
        ({"kwargs": {"color": 34886848}}, "kwargs.color", "got 34886848; left out"),
        ({"message_id": 7}, "message_id", "an integer where a text is expected; taken as one"),
        ({"metadata": []}, "metadata", "expected an object, got a list; left out"),
        (
            {"kwargs": {"fields": [{"name": "a", "value": None}]}},
            "kwargs.fields[0].value",
            "is null; left empty",
        ),
    ],
)
def test_the_note_says_what_became_of_it(changes: dict[str, Any], field: str, problem: str) -> None:
    """Left out, or taken for the nearest that can be used."""
    (note,) = read(envelope(**changes)).notes
    assert note.field == field
    assert problem in note.problem


def test_what_stands_beside_a_fault_stays() -> None:
    """One field of three is left out, and the colour; footer and the others are as written."""
    fields = [{"name": "a", "value": "1"}, "b", {"name": "c", "value": "3"}]
    kwargs = {"color": "green", "fields": fields, "footer": "f"}
    notification = read(envelope(kwargs=kwargs))
    assert notification.fields == (Field("a", "1"), Field("c", "3"))
    assert notification.footer == Footer("f")
    assert notification.color is None
    assert [note.field for note in notification.notes] == ["kwargs.fields[1]", "kwargs.color"]


def test_the_rule_holds_for_typed_messages() -> None:
    """Their members and their kwargs alike."""
    message = typed("custom_fields", content="c", fields={"a": 1}, level=[], kwargs={"color": []})
    notification = read({**message, "priority": -3})
    assert (notification.content, notification.priority) == ("c", 0)
    assert {note.field for note in notification.notes} == {
        *("level", "fields[0]", "kwargs.color", "priority")
    }


def test_the_only_item_may_come_without_its_list() -> None:
    """One field, one embed, one attachment: what is meant is clear."""
    notification = read(envelope(kwargs={"fields": {"name": "a", "value": 1}}))
    assert notification.fields == (Field("a", "1"),)
    assert notification.notes == ()


def test_lists_are_looked_at_up_to_a_bound() -> None:
    """What one record holds never holds up the others."""
    many = [{"name": "a", "value": "b"}] * (appearance.MOST_FIELDS + 1)
    notification = read(envelope(kwargs={"fields": many}))
    assert len(notification.fields) == appearance.MOST_FIELDS
    assert notification.notes == (
        Note("kwargs.fields", "251 fields; those beyond 250 are left out"),
    )
    wrong: list[object] = [[]] * (MOST_ITEMS + 1)
    notes = read(envelope(kwargs={"embeds": wrong})).notes
    assert len(notes) == 21
    assert notes[-1] == Note("", f"and {MOST_ITEMS - 19} more")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (3, "3"),
        (0.00001234, "0.00001234"),
        (True, "true"),
        (None, "null"),
        ({"交易": [1]}, '{"交易": [1]}'),
        ([10**30], "[" + "1" + "0" * 30 + "]"),
    ],
)
def test_values_are_written_as_a_person_would(value: object, text: str) -> None:
    """Numbers without a power of ten, all else as JSON."""
    assert text_of(value) == text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "value", "text", "url", "title"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(DECORATIONS), ANYTHING, max_size=4))
def test_no_combination_of_faults_costs_a_notification(decorations: dict[str, object]) -> None:
    """Whatever decorates: the content is read, and the notes are bounded."""
    message = envelope()
    for path, value in decorations.items():
        *outer, last = path.split(".")
        inner = message
        for name in outer:
            held = inner.get(name)
            inner[name] = inner = held if isinstance(held, dict) else {}
        inner[last] = value
    notification = read(message)
    assert notification.content == "hello"
    assert len(notification.notes) <= 21
