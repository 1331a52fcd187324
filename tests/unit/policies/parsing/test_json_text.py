import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.parsing.json_text import MOST_VALUES, check_values, read_json
from app.values.errors import InvalidRecordError


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b'"cut \\ud83d"', "cut \ufffd"),
        (b'"\\udc00 turned \\ud83d"', "\ufffd turned \ufffd"),
        (b'"whole \\ud83d\\ude00"', "whole 😀"),
        (b'"raw \xed\xa0\xbd"', "raw \ufffd"),
        (b'{"\\ud800": ["\\ud800"]}', {"\ufffd": ["\ufffd"]}),
        (b'{"a\\u0000": ["\\u0000b"], "c": "\\\\u0000"}', {"a\ufffd": ["\ufffdb"], "c": "\\u0000"}),
        (b'["\\u0000", NaN]', ["\ufffd", "NaN"]),
        (b'{"price": NaN}', {"price": "NaN"}),
        (b"[Infinity, -Infinity]", ["Infinity", "-Infinity"]),
        (b"[1e999, -1e999, 1e-999]", ["1e999", "-1e999", 0.0]),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"-" + b"9" * 5_000, "-" + "9" * 5_000),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": "交易"}'.encode("utf-16"), {"a": "交易"}),
        ('{"a": "交易"}'.encode("utf-32-le"), {"a": "交易"}),
        (b' \n{"a": 1e2}\t', {"a": 100.0}),
    ],
)
def test_json_is_read_as_python_reads_it(value: bytes, read: Any) -> None:
    """And what no text or number can hold becomes one that can be sent."""
    assert read_json(value) == read


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{'a': 1}", "not JSON: .* at line 1, column 2"),
        (b'{"a": 1} b', "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'"\x01"', "not JSON"),
        (b'"\xff"', "not UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"a": NaN, "b": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
)
def test_what_python_cannot_read_is_refused(value: bytes, problem: str) -> None:
    """The error says what it is not."""
    with pytest.raises(InvalidRecordError, match=problem):
        read_json(value)


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=200)
@given(ODD, st.booleans())
def test_whatever_python_writes_is_read_and_can_be_sent(value: Any, escaped: bool) -> None:
    """Every text that comes out can be encoded."""
    written = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    json.dumps(read_json(written), ensure_ascii=False, allow_nan=False).encode()


@given(st.binary())
def test_any_bytes_are_read_or_refused(value: bytes) -> None:
    """Nothing but the parser's own error is raised."""
    with suppress(InvalidRecordError):
        read_json(value)


def test_a_record_of_very_many_values_is_refused() -> None:
    """Before they are made; commas in texts are none of them."""
    most = b"[%b]" % b",".join([b"1"] * (MOST_VALUES + 1))
    check_values(most)
    with pytest.raises(InvalidRecordError, match=r"more than 150,000 values"):
        check_values(most[:-1] + b",1]")
    check_values(b'["%b", "\\"%b"]' % (b"," * MOST_VALUES, b"," * MOST_VALUES))
