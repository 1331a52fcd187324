import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.parsing import parse
from app.values.errors import InvalidRecordError, TemplateError, UnroutableError
from app.values.notification import Field
from app.values.recipients import Recipients
from tests.support.channels import KNOWN
from tests.support.messages import EchoTemplates, envelope, read, typed
from tests.support.records import CHANGES


def refusal(message: Any) -> InvalidRecordError:
    """Return why a message is refused."""
    with pytest.raises(InvalidRecordError) as caught:
        read(message)
    return caught.value


@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_value_is_refused(value: bytes | None) -> None:
    """A tombstone says nothing, and that is named as the problem."""
    with pytest.raises(InvalidRecordError, match="no value"):
        parse(
            value, timestamp=0.0, recipients=Recipients(), templates=EchoTemplates(), channels=KNOWN
        )


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"nonsense", "not JSON"),
        (b"{", "not JSON"),
        (b'{"content": "a"} b', "not JSON"),
        (b'{"content": "\xff", "channels": ["webhook"]}', "not UTF-8"),
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
        (envelope(channels={"webhook": True}), "channels", "expected a string or a list, got an o"),
        (envelope(channels=5), "channels", "expected a string or a list, got an integer"),
        (envelope(kwargs={"webhook_url": 5}), "kwargs.webhook_url", "expected a string"),
        (envelope(kwargs={"to": {"a": "b"}}), "kwargs.to", "expected a string or a list, got an o"),
        (envelope(metadata={"user_uuid": [1]}), "metadata.user_uuid", "expected a string, got a l"),
        (
            {"message_type": "telegram"},
            "message_type",
            "expected simple, template, trading_signal, system_notification or custom_fields",
        ),
        ({"message_type": 5}, "message_type", "expected a string"),
        (typed("template"), "template_id", "is missing"),
        (typed("template", template_id=5), "template_id", "expected a string, got an integer"),
        (typed("simple", content="x", user_uuid=5), "user_uuid", "expected a string"),
        (typed("simple", content="x", group_uuid=[]), "group_uuid", "expected a string"),
    ],
)
def test_a_wrong_type_where_it_decides_is_named(message: Any, field: str, problem: str) -> None:
    """What is sent or to whom is never guessed: the error says what was expected there."""
    error = refusal(message)
    assert error.field == field
    assert problem in error.problem


def test_a_long_wrong_value_is_shortened() -> None:
    """An error stays readable, however long what it quotes."""
    assert len(refusal({"message_type": "x" * 100_000}).problem) < 500


def test_a_huge_number_is_shown_as_it_was_written() -> None:
    """A number that Python would not even print is a text, not a crash."""
    fields = b'[{"name": "a", "value": ' + b"9" * 5_000 + b"}]"
    value = b'{"content": "a", "channels": ["webhook"], "kwargs": {"fields": ' + fields + b"}}"
    assert read(value).fields == (Field("a", "9" * 5_000),)


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (b'{"content": "cut \\ud83d", "channels": ["webhook"]}', "cut \ufffd"),
        (b'{"content": "odd", "channels": ["webhook"], "extra": NaN}', "odd"),
        (b'{"content": "odd", "channels": ["webhook"], "extra": 1e999}', "odd"),
    ],
)
def test_what_python_wrote_is_read(value: bytes, content: str) -> None:
    """A text that was cut within a character, a number that is none: the rest is as it should be."""
    assert read(value).content == content


@pytest.mark.parametrize("message", [envelope(), typed("simple")])
def test_a_character_that_databases_refuse_is_not_sent(message: dict[str, Any]) -> None:
    """Mattermost answers 500 to U+0000, however often it is asked."""
    written = {**message, "content": "a\0b \\u0000", "message_id": "m\0", "kwargs": {"url": "\0"}}
    notification = read(json.dumps(written).encode())
    assert notification.content == "a\ufffdb \\u0000"
    assert (notification.message_id, notification.url) == ("m\ufffd", "\ufffd")


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


@pytest.mark.parametrize("absent", [None, ""])
def test_a_null_message_type_is_none_at_all(absent: str | None) -> None:
    """Null and nothing are what an absent value looks like."""
    assert read({**envelope(), "message_type": absent}).content == "hello"


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
@given(st.sampled_from(BASES), CHANGES)
def test_any_json_is_read_or_refused(base: dict[str, Any], changes: dict[str, Any]) -> None:
    """What is read has content and somebody to tell; what is not is refused by name."""
    with suppress(InvalidRecordError, UnroutableError, TemplateError):
        notification = read(json.dumps({**base, **changes}).encode())
        assert notification.content.strip()
        assert notification.requests
