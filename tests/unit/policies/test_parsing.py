import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.parsing import parse
from app.values.errors import InvalidRecordError, TemplateError, UnroutableError
from app.values.recipients import Recipients
from tests.support.messages import EchoTemplates, envelope, read, typed


def refusal(message: Any) -> InvalidRecordError:
    """Return why a message is refused."""
    with pytest.raises(InvalidRecordError) as caught:
        read(message)
    return caught.value


@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_value_is_refused(value: bytes | None) -> None:
    """A tombstone says nothing, and that is named as the problem."""
    with pytest.raises(InvalidRecordError, match="no value"):
        parse(value, timestamp=0.0, recipients=Recipients(), templates=EchoTemplates())


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"nonsense", "not JSON"),
        (b"{", "not JSON"),
        (b'{"content": NaN}', "not JSON"),
        (b'{"content": "a"} b', "not JSON"),
        (b'{"content": "\\ud800", "channels": ["webhook"]}', "not JSON"),
        (b'{"content": "\xff", "channels": ["webhook"]}', "not UTF-8"),
        (b'{"content": "\xed\xa0\x80", "channels": ["webhook"]}', "not UTF-8"),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b"[]", "expected a JSON object, got a list"),
        (b"null", "expected a JSON object, got null"),
        (b'"text"', "expected a JSON object, got a string"),
        (b"7", "expected a JSON object, got an integer"),
    ],
)
def test_bytes_that_are_no_json_object_are_refused(value: bytes, problem: str) -> None:
    """Whatever came instead of a JSON object is said in words, and no field is blamed."""
    error = refusal(value)
    assert problem in error.problem
    assert error.field == ""


@pytest.mark.parametrize(
    ("message", "field", "problem"),
    [
        ({"channels": ["webhook"]}, "content", "is missing"),
        ({"content": "x"}, "channels", "is missing"),
        (envelope(content=7), "content", "expected a string, got an integer"),
        (envelope(channels="webhook"), "channels", "expected a list, got a string"),
        (
            envelope(channels=["webhook", "sms"]),
            "channels[1]",
            "expected webhook, discord, email or console, got 'sms'",
        ),
        (envelope(priority=4), "priority", "expected 0, 1, 2 or 3, got 4"),
        (envelope(priority=True), "priority", "expected an integer, got true or false"),
        (envelope(message_id=7), "message_id", "expected a string, got an integer"),
        (envelope(content_type="pdf"), "content_type", "expected text, markdown or html"),
        (envelope(metadata=[]), "metadata", "expected an object, got a list"),
        (
            envelope(kwargs={"fields": [{"name": "a", "value": "b"}, {"value": "b"}]}),
            "kwargs.fields[1].name",
            "is missing",
        ),
        (
            envelope(kwargs={"fields": [{"name": "a", "value": []}]}),
            "kwargs.fields[0].value",
            "got a list",
        ),
        (envelope(kwargs={"footer": 5}), "kwargs.footer", "expected a string or an object"),
        (
            {"message_type": "telegram"},
            "message_type",
            "expected simple, template, trading_signal, system_notification or custom_fields",
        ),
        ({"message_type": 5}, "message_type", "expected a string"),
        (
            b'{"content": "a", "channels": ["webhook"], "ttl_seconds": 1e999}',
            "ttl_seconds",
            "range",
        ),
    ],
)
def test_a_wrong_field_is_named(message: Any, field: str, problem: str) -> None:
    """The error says where the fault is and what was expected there."""
    error = refusal(message)
    assert error.field == field
    assert problem in error.problem


def test_a_long_wrong_value_is_shortened() -> None:
    """An error stays readable, however long what it quotes."""
    assert len(refusal({"message_type": "x" * 100_000}).problem) < 500


def test_a_huge_number_is_refused() -> None:
    """A number that Python would not even print is a wrong field, not a crash."""
    fields = b'[{"name": "a", "value": ' + b"9" * 5_000 + b"}]"
    value = b'{"content": "a", "channels": ["webhook"], "kwargs": {"fields": ' + fields + b"}}"
    assert refusal(value).field == "kwargs.fields[0].value"


def test_a_byte_order_mark_is_no_obstacle() -> None:
    """Some producers write one before their JSON."""
    assert read(b"\xef\xbb\xbf" + json.dumps(envelope()).encode()).content == "hello"


def test_the_last_of_two_equal_keys_counts() -> None:
    """Duplicate keys are read as other JSON libraries read them."""
    assert read(b'{"content": "a", "content": "b", "channels": ["webhook"]}').content == "b"


def test_unknown_keys_are_ignored_whatever_they_hold() -> None:
    """Keys of another shape do not count in this one."""
    message = envelope(
        message_type=None, price={}, fields="x", status=0, kwargs={"new": [{}]}, metadata={"a": 1}
    )
    assert read(message).fields == ()


def test_an_escaped_message_type_is_one_as_well() -> None:
    """JSON may write any letter as a number; and what is said is no name."""
    value = json.dumps(typed("simple", content="hi"))
    escaped = value.replace("message_type", "message\\u005ftype")
    assert read(escaped.encode()) == read(value.encode())
    assert read(envelope(content='"message_type"')).content == '"message_type"'


def test_a_null_message_type_is_none_at_all() -> None:
    """Null is what an absent value looks like."""
    assert read({**envelope(), "message_type": None}).content == "hello"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
LIKELY = (
    VALUES
    | st.sampled_from(["", " ", "simple", "#12345G", "2026-13-01", "0001-01-01T00:00:00+14:00"])
    | st.dictionaries(
        st.sampled_from(
            ["to", "cc", "color", "embed", "embeds", "fields", "title", "timestamp", "subject"]
        ),
        VALUES | st.lists(st.dictionaries(st.sampled_from(["name", "value", "color"]), VALUES)),
    )
)
KEYS = [
    "message_type",
    "message_id",
    "content",
    "channels",
    "priority",
    "timestamp",
    "expires_at",
    "ttl_seconds",
    "kwargs",
    "metadata",
    "context",
    "template_id",
    "fields",
    "direction",
    "code",
    "price",
    "level",
    "user_uuid",
    "group_name",
    "group_uuid",
]
BASES = [
    {},
    envelope(),
    typed("simple", content="x"),
    typed("template", template_id="own"),
    typed("trading_signal", direction="LONG", code="A"),
    typed("system_notification", content="x"),
    typed("custom_fields", content="x", fields=[{"name": "a", "value": 1}]),
]


@given(st.binary())
def test_any_bytes_are_read_or_refused(value: bytes) -> None:
    """No bytes raise anything but the parser's own errors."""
    with suppress(InvalidRecordError):
        read(value)


@settings(max_examples=50)
@given(st.sampled_from(BASES), st.dictionaries(st.sampled_from(KEYS), LIKELY, max_size=4))
def test_any_json_is_read_or_refused(base: dict[str, Any], changes: dict[str, Any]) -> None:
    """What is read has content and somebody to tell; what is not is refused by name."""
    with suppress(InvalidRecordError, UnroutableError, TemplateError):
        notification = read(json.dumps({**base, **changes}).encode())
        assert notification.content.strip()
        assert notification.requests
