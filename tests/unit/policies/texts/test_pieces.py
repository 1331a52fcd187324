"""Long texts, a piece at a time."""

import re

from app.policies.texts.pieces import PIECE, found_in, replaced_in


def test_what_stands_across_two_pieces_is_found() -> None:
    """And what stands nowhere is not."""
    text = "a" * (PIECE - 2) + "needle" + "a" * PIECE
    assert found_in(re.compile("needle"), text, len("needle"))
    assert not found_in(re.compile("needles"), text, len("needles"))


def test_every_character_is_replaced() -> None:
    """In short texts and in those of several pieces."""
    pattern = re.compile("[b-z]")
    assert replaced_in(pattern, "abc", ".") == "a.."
    assert replaced_in(pattern, "ab" * PIECE, ".") == "a." * PIECE
