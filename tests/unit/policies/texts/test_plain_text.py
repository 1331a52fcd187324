"""HTML as text: nothing that a reader would see is lost."""

import time

import pytest

from app.policies.texts.plain_text import MOST_TEXT, SHORTENED, html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<p>log:</p><pre>\na\r\n\n\n\n\tb</pre>end", "log:\n\na\n\n\n\n\tb\nend"),
        ("<pre>a &lt;b&gt;  c<br>d</pre>", "a <b>  c\nd"),
        ("<textarea>x\n y</textarea>", "x\n y"),
        ("</pre>a\n b", "a b"),
        ('<img alt="CPU 95%">', "CPU 95%"),
        ("disk <img src='a.png' alt='&gt; 90 %'/> full", "disk > 90 % full"),
        ('<img alt="a > b"><img data-alt="no" src=x>', "a > b"),
        ("<area alt=north>", "north"),
        (
            '<a href="https://example.com/?a=1&amp;b=2">here</a>',
            "here (https://example.com/?a=1&b=2)",
        ),
        ("<a data-href=https://no.example>here</a>", "here"),
        ("<a title=it's href=https://example.com>here</a>", "here (https://example.com)"),
        ("<figure><img alt=x><figcaption>y</figcaption></figure>", "x\ny"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("a\x01b", "a b"),
    ],
)
def test_what_a_reader_would_see(html: str, text: str) -> None:
    """Lines, spaces where they count, pictures' texts and links are kept."""
    assert html_to_text(html) == text


HOSTILE = (
    "<a '",
    '<a "',
    "<pre>",
    "<img alt=",
    "a<b",
    "<!",
    "<p>",
    "&amp;",
    "<a href='",
    "<li>",
    "<br>",
    "<!---->",
    "<style></style>",
    "<td>1</td>",
    '<a href="http://a.example/">b</a>',
    "\u0130",
    "x\n",
    " \n",
)


@pytest.mark.parametrize("part", HOSTILE)
def test_no_text_takes_longer_than_a_moment_whatever_it_is_made_of(part: str) -> None:
    """Eight megabytes of half a tag hold nobody up; what is left out shows."""
    html_to_text(part * 1000)
    html = part * (8_000_000 // len(part))
    started = time.thread_time()
    text = html_to_text(html)
    assert time.thread_time() - started < 0.5  # a tenth of it, where nothing else measures
    assert text.endswith(SHORTENED)
    assert len(text) <= MOST_TEXT + 20


def test_what_browsers_do_not_show_takes_no_room() -> None:
    """A style sheet of half a megabyte before a few words is no reason to leave them out."""
    style = f"<STYLE>{'p {color: red} ' * 30_000}</Style >"
    comment = f"<!-- {'x' * 200_000} -->"
    assert html_to_text(f"<head>{style}</head>{comment}<p>the words</p>") == "the words"


def test_a_text_is_read_for_no_more_than_is_wanted() -> None:
    """Whoever shows three hundred characters renders no more of it."""
    assert html_to_text("<p>word</p>" * 100, 300).startswith("word\n\nword")
    assert len(html_to_text("<p>word</p>" * 100, 300)) <= 300 + len(SHORTENED) + 1
    assert html_to_text("<p>word</p>", 300) == "word"
