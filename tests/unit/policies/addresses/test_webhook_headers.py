import pytest

from app.policies.addresses.webhook_headers import header_problem


@pytest.mark.parametrize(
    ("name", "value"),
    [("Authorization", "Bearer abc"), ("x-api-key", "!"), ("X-Any_thing", "a b\u007e")],
)
def test_headers_that_let_a_request_in_are_taken(name: str, value: str) -> None:
    """Any name and value that HTTP has."""
    assert header_problem(name, value) is None


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("", "x", "no name of a header"),
        ("a b", "x", "no name of a header"),
        ("a:", "x", "no name of a header"),
        ("交易", "x", "no name of a header"),
        ("x" * 101, "x", "no name of a header"),
        ("HOST", "x", "written by the service itself"),
        ("Content-Length", "0", "written by the service itself"),
        ("Webhook-Id", "x", "written by the service itself"),
        ("A", "secret\r\nB: c", "not printable ASCII"),
        ("A", "交易 secret", "not printable ASCII"),
        ("A", " secret", "not printable ASCII"),
        ("A", "secret" * 1000, "not printable ASCII"),
    ],
)
def test_headers_that_would_break_a_request_are_refused(
    name: str, value: str, problem: str
) -> None:
    """The text names the header and never shows its value."""
    said = header_problem(name, value)
    assert said is not None
    assert problem in said
    assert "secret" not in said
