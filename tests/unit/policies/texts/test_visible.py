"""What is hidden in a text is shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.texts.visible import _HIDDEN, shows, visible, visible_json, visible_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("\u2066a\u2069 \u200f\u061c", r"\u2066a\u2069 \u200f\u061c"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\x07\x00\x7f\x9b", r"a\x07\x00\x7f\x9b"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("ze\u200bro \ufeff", r"ze\u200bro \ufeff"),
        ("\ud83d", r"\ud83d"),
        ("over\rwritten", r"over\x0dwritten"),
    ],
)
def test_what_steers_or_hides_is_an_escape(text: str, shown: str) -> None:
    """Turned text, terminal codes, lines that are none, nothing between letters."""
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines\tand a tab",
        "交易信号: AAPL 📈",
        "👨\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e007f ❤\ufe0f",
        "שלום مرحبا می\u200cخواهم",
        "naïve café ½",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    """Emoji and scripts that run to the left or need joiners are no tricks."""
    assert visible(text) == text


def test_nothing_that_is_hidden_counts_as_printable() -> None:
    """By that most texts are passed over."""
    hidden = [chr(code) for code in range(0x10000) if _HIDDEN.match(chr(code))]
    assert len(hidden) > 2000
    assert not any(map(str.isprintable, hidden))


def test_on_one_line() -> None:
    """Line breaks and runs of spaces become a space each."""
    assert visible_line(" a\r\n b\n\nc\x1b ") == r"a b c\x1b"


@given(st.text())
def test_json_means_the_same(text: str) -> None:
    """Whoever reads the JSON gets the text; whoever looks at it sees what is in it."""
    text = text.encode("utf-8", "replace").decode()
    encoded = json.dumps({"a": text}, ensure_ascii=False).encode()
    shown = visible_json(encoded)
    assert json.loads(shown) == {"a": text}
    assert visible(shown.decode()) == shown.decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("a", True), ("é", True), ("交易", True), ("📈", True), ("\u200b.", True)),
        *(("", False), (" \n", False), ("\u200b", False), ("\u3164", False)),
    ],
)
def test_whether_a_text_shows_anything(text: str, expected: bool) -> None:
    """Services refuse texts in which nobody sees anything."""
    assert shows(text) is expected
