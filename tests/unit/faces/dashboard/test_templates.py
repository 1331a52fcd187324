import pytest

from app.faces.dashboard.templates import colour, marked, page_environment


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("a **b** c", "a <strong>b</strong> c"),
        ("*b* and `c`", "<em>b</em> and <code>c</code>"),
        ("2 * 3 * 4", "2 <em> 3 </em> 4"),
        ("**<b>** & </p>", "<strong>&lt;b&gt;</strong> &amp; &lt;/p&gt;"),
        ("`<script>`", "<code>&lt;script&gt;</code>"),
        ("**over\nlines**", "**over\nlines**"),
    ],
)
def test_marks_become_elements_and_all_else_is_escaped(text: str, html: str) -> None:
    """Bold, italic and code are shown; nothing that a producer writes becomes markup."""
    assert marked(text) == html


def test_a_colour_is_six_digits() -> None:
    """Leading zeros are kept, and what is too large cannot leave the attribute."""
    assert colour(0x00FF00) == "#00ff00"
    assert colour(0x1_000000) == "#000000"


def test_a_template_is_compiled_once() -> None:
    """Not for every request: that took 47 of the 51 ms of a page of dead letters."""
    first, second = (page_environment().get_template("page/letters.html") for _ in range(2))
    assert first is second
