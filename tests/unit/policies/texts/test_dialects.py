"""Lines in a dialect, shared out to messages: all of it, or a visible mark."""

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.policies.texts.dialects import Dialect, Parts, cut, fit
from app.policies.texts.markdown import read_markdown
from app.policies.texts.markup import Kind, Line, Span, line, literal
from app.policies.texts.plain_text import SHORTENED

PLAIN = Dialect()
MARKDOWN = """# Title
- one
12) two
> said
---
```
code
```
[text](https://a.example/)
<https://b.example/>"""


class Loud(Dialect):
    """Doubles every "!" and puts blocks between brackets."""

    def literal(self, text: str) -> str:
        """Double."""
        return text.replace("!", "!!")

    def block(self, kind: Kind, rows: Sequence[str]) -> str:
        """Put between brackets."""
        del kind
        return "({})".format("\n".join(rows))


def test_plain_text_says_what_markup_meant() -> None:
    """Links keep their address, items their mark."""
    assert PLAIN.write(read_markdown(MARKDOWN)) == (
        "Title\n• one\n12) two\n> said\n———\ncode\ntext (https://a.example/)\nhttps://b.example/"
    )


LINES = st.lists(
    st.builds(
        Line,
        st.lists(st.builds(Span, st.text("ab! é", min_size=1, max_size=40)), max_size=3).map(tuple),
        st.sampled_from([Kind.TEXT, Kind.CODE, Kind.QUOTE]),
    ),
    max_size=12,
).map(tuple)


@given(LINES, LINES, st.integers(40, 120), st.integers(1, 4))
def test_pages_are_within_their_limit_and_hold_everything_or_a_mark(
    text: tuple[Line, ...], end: tuple[Line, ...], limit: int, most: int
) -> None:
    """What is left out is left out of the text first; the end stays if it is short."""
    loud = Loud()
    pages, whole, _ = fit(Parts(text, end), loud, limit, most)
    assert len(pages) <= most
    assert all(loud.length(page) <= limit for page in pages)
    shown = re.sub(r"[()> \n]", "", "".join(pages)).replace("!!", "!")
    everything = "".join(each.text for each in (*text, *end)).replace(" ", "")
    if whole:
        assert shown == everything
        return
    before, mark, after = shown.partition(SHORTENED.replace(" ", ""))
    assert mark
    assert everything.startswith(before)
    assert after == "" or after == "".join(each.text for each in end).replace(" ", "")


def test_a_long_line_is_divided_between_words() -> None:
    """Near the end; a word that is too long is divided anywhere."""
    pages, whole, _ = fit(Parts(literal("alpha beta gamma delta " + "x" * 30)), PLAIN, 20, 4)
    assert whole
    assert list(pages) == [
        "alpha beta gamma ",
        "delta xxxxxxxxxxxxx",
        "x" * 17,
    ]


def test_a_line_that_fits_into_the_next_message_is_not_divided() -> None:
    """Nor is anything lost where a message ends."""
    pages, *_ = fit(Parts(literal("aaaaaaa\nbbbbbbbbb")), PLAIN, 12, 2)
    assert list(pages) == ["aaaaaaa", "bbbbbbbbb"]


def test_what_follows_a_divided_item_is_no_item() -> None:
    """Its mark stands once."""
    item = Line((Span("abc def"), Span(" ghi jkl mno")), Kind.ITEM, 0, "-")
    pages, *_ = fit(Parts((item,)), PLAIN, 14, 3)
    assert list(pages) == ["• abc def ghi", " jkl mno"]


def test_the_end_stays_and_the_text_is_shortened() -> None:
    """A footer says who sent it; an end that takes most of the room is cut as well."""
    pages, whole, _ = fit(Parts(literal("x" * 100), (line("footer"),)), PLAIN, 50)
    assert not whole
    assert pages[0].endswith(f"x\n{SHORTENED}\nfooter")
    pages, whole, _ = fit(Parts((), (line("f" * 90),)), PLAIN, 50)
    assert not whole
    assert pages[0].endswith(f"f\n{SHORTENED}")


def test_cutting_returns_one_text() -> None:
    """With a mark if that is not all."""
    assert cut(literal("short"), PLAIN, 20) == ("short", True)
    assert cut((), PLAIN, 20) == ("", True)
    text, whole = cut(literal("long " * 10), PLAIN, 30)
    assert not whole
    assert text.endswith(SHORTENED)
