from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.faces.api.bodies import parse_json
from app.faces.api.control import LogLevel
from app.faces.api.problems import ProblemError
from app.faces.api.replays import ReplayRequest


def refused(body: bytes) -> ProblemError:
    """Return the problem that a body meets."""
    with pytest.raises(ProblemError) as caught:
        parse_json(body, LogLevel)
    assert caught.value.status == 422
    return caught.value


def test_a_good_body_becomes_a_value() -> None:
    """Whatever else it holds is ignored."""
    assert parse_json(b' {"level": "DEBUG", "more": 1}', LogLevel) == LogLevel("DEBUG")


@pytest.mark.parametrize(
    ("body", "field", "text"),
    [
        (b"", "", "it is empty, and should be JSON"),
        (b" \n", "", "it is empty"),
        (b"{", "", "not JSON"),
        (b"level=DEBUG", "", "not JSON"),
        (b'{"level": "\xff"}', "", "not JSON"),
        (b"[]", "", "Expected `object`, got `array`"),
        (b"{}", "", "missing required field `level`"),
        (b'{"level": 3}', "level", "Expected `str`"),
        (b'{"level": "LOUD"}', "level", "'LOUD'; it takes CRITICAL, DEBUG, ERROR, INFO, WARNING"),
    ],
)
def test_a_bad_body_is_told_why(body: bytes, field: str, text: str) -> None:
    """The fault names the field as the sender wrote it."""
    fault = refused(body).faults[0]
    assert fault.location == "body"
    assert fault.field == field
    assert text in fault.problem
    assert "$" not in fault.problem


def test_a_body_that_is_nested_too_deeply_is_refused() -> None:
    """However it would end."""
    with pytest.raises(ProblemError) as caught:
        parse_json(b"[" * 100_000, msgspec.Raw)
    assert "nested too deeply" in caught.value.detail


@given(st.binary())
def test_no_bytes_do_more_than_meet_a_problem(body: bytes) -> None:
    """Whatever is sent is either JSON or refused."""
    with suppress(ProblemError):
        parse_json(body, msgspec.Raw)


def test_the_values_that_a_field_takes_are_named_at_any_depth() -> None:
    """One of a choice within an object, for example; a field that takes any text names none."""
    with pytest.raises(ProblemError) as caught:
        parse_json(b'{"filter": {"reason": "bored"}}', ReplayRequest)
    (fault,) = caught.value.faults
    assert fault.field == "filter.reason"
    assert fault.problem.endswith(
        "'bored'; it takes invalid, rejected, exhausted, expired, unroutable"
    )
    with pytest.raises(ProblemError) as caught:
        parse_json(b'{"filter": {"query": 5}}', ReplayRequest)
    assert "takes" not in caught.value.detail
