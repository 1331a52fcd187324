"""Parts of a mail as bytes that every server takes."""

from quopri import decodestring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edges.channels.email.mime import LONGEST_LINE, PIECE, text_part


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, PIECE + 2, 3 * PIECE, 3 * PIECE + 1])
@pytest.mark.parametrize("unit", ["a", "a ", "é" + "a" * 19, "=", " "])
def test_a_long_line_is_encoded_in_pieces(unit: str, size: int) -> None:
    """Each of whole short lines, and together they say what was said."""
    text = (unit * size)[:size]
    part = text_part("plain", text)
    assert "quoted-printable" in part.headers[1]
    assert decodestring(b"".join(part.pieces)).decode() == f"{text}\r\n"
    for piece in filter(None, part.pieces):
        assert piece.endswith(b"\r\n")
        assert max(map(len, piece.split(b"\r\n"))) <= 76


@given(st.lists(st.integers(0, LONGEST_LINE + 2), max_size=20))
def test_lines_that_are_too_long_are_found_wherever_they_stand(lengths: list[int]) -> None:
    """The others go as they are."""
    part = text_part("plain", "\n".join("x" * length for length in lengths))
    is_plain = "7bit" in part.headers[1]
    assert is_plain == (max(lengths, default=0) <= LONGEST_LINE)
