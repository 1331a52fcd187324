"""Markdown as lines of spans: what people write in chats, in time that its length bounds."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.texts.markdown import read_markdown
from app.policies.texts.markup import BOLD, CODE, ITALIC, STRIKE, Kind, Line, Span, text_of

LINK = "https://a.example/b_c_d"


def spans(text: str) -> tuple[Span, ...]:
    """Return the spans of a text of one line."""
    (only,) = read_markdown(text)
    return only.spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", [Span("plain")]),
        ("a **b** c", [Span("a "), Span("b", BOLD), Span(" c")]),
        (
            "__b__ *i* _i_",
            [Span("b", BOLD), Span(" "), Span("i", ITALIC), Span(" "), Span("i", ITALIC)],
        ),
        ("***both***", [Span("both", BOLD | ITALIC)]),
        ("**b *bi* b**", [Span("b ", BOLD), Span("bi", BOLD | ITALIC), Span(" b", BOLD)]),
        ("~~gone~~", [Span("gone", STRIKE)]),
        ("a ~~~no~~~", [Span("a ~~~no~~~")]),
        ("`a*b*`", [Span("a*b*", CODE)]),
        ("`` a`b ``", [Span("a`b", CODE)]),
        ("`never closed", [Span("`never closed")]),
        ("**`c`**", [Span("c", CODE | BOLD)]),
        ("snake_case_word", [Span("snake_case_word")]),
        ("2 * 3 * 4", [Span("2 * 3 * 4")]),
        ("a * b** c", [Span("a * b** c")]),
        (r"\*not\* \a", [Span(r"*not* \a")]),
        (LINK, [Span(LINK)]),
        (f"**{LINK}**", [Span(LINK, BOLD)]),
        (f"<{LINK}>", [Span(LINK, url=LINK)]),
        (f"[**t** u]({LINK})", [Span("t", BOLD, LINK), Span(" u", 0, LINK)]),
        (
            f"[a `b` \\* {LINK}]({LINK})",
            [Span("a ", 0, LINK), Span("b", CODE, LINK), Span(f" * {LINK}", 0, LINK)],
        ),
        (f"![a picture]({LINK})", [Span("a picture", url=LINK)]),
        (f'[t]({LINK} "title")', [Span("t", url=LINK)]),
        (f"[]({LINK})", [Span(LINK, url=LINK)]),
        ("[x](javascript:alert(1))", [Span("[x](javascript:alert(1))")]),
        ("*a _b* c_", [Span("a _b", ITALIC), Span(" c_")]),
    ],
)
def test_what_stands_in_a_line(text: str, expected: list[Span]) -> None:
    """Emphasis, code and links; what is closed nowhere is text."""
    assert list(spans(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## Title ##", Line((Span("Title"),), Kind.HEADING, 2)),
        ("#hashtag", Line((Span("#hashtag"),))),
        ("#", Line((), Kind.HEADING, 1)),
        ("- one", Line((Span("one"),), Kind.ITEM, 0, "-")),
        ("  2. two", Line((Span("two"),), Kind.ITEM, 1, "2.")),
        ("* [x] done", Line((Span("☑ "), Span("done")), Kind.ITEM, 0, "*")),
        ("- [ ] to do", Line((Span("☐ "), Span("to do")), Kind.ITEM, 0, "-")),
        ("> said", Line((Span("said"),), Kind.QUOTE)),
        ("---", Line((), Kind.RULE)),
        ("* * *", Line((), Kind.RULE)),
        ("", Line()),
    ],
)
def test_what_a_line_is(text: str, expected: Line) -> None:
    """Headings, items, quotations, rules."""
    assert read_markdown(text) == (expected,)


def test_code_and_tables_stand_as_they_are_written() -> None:
    """Between fences and in tables nothing is markup; what follows them is again."""
    text = "```python\n*a*\n~~~\n```\n|a|b|\n|--|:-:|\n|*1*|2|\n*x*|y\n\n*end*"
    read = read_markdown(text)
    assert [each.kind for each in read] == [Kind.CODE] * 2 + [Kind.TABLE] * 4 + [Kind.TEXT] * 2
    assert text_of(read) == "*a*\n~~~\n|a|b|\n|--|:-:|\n|*1*|2|\n*x*|y\n\nend"


@given(st.text(alphabet="ab 1.-\n\r#>", max_size=200))
def test_nothing_but_markup_is_left_out(text: str) -> None:
    """Letters and digits are all there, in their order."""
    read = read_markdown(text)
    kept = [*text_of(read), *"".join(each.mark for each in read)]
    assert sorted(each for each in kept if each.isalnum()) == sorted(filter(str.isalnum, text))


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            ["*", "**", "_", "`", "~~", "[", "](", ")", "a", " ", "\\", "<", LINK, "\n", "|", "> "]
        ),
        max_size=60,
    )
)
def test_anything_can_be_read(pieces: list[str]) -> None:
    """No line is empty by accident, and no span says nothing."""
    for each in read_markdown("".join(pieces)):
        assert all(span.text and "\n" not in span.text for span in each.spans)


@pytest.mark.parametrize(
    "piece", ["*", "`", "`a", "*a ", "*a**b", "[", "[a](", "_a*b~", "![", "<http://a", "- ", "|-"]
)
def test_the_time_grows_with_the_length_alone(piece: str) -> None:
    """Twenty thousand characters of trouble take a moment."""
    started = process_time()
    read_markdown((piece * 20_000)[:20_000])
    assert process_time() - started < 1.0
