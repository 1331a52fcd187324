"""HTML as text: nothing that a reader would see is lost."""

import time

import pytest

from app.policies.plain_text import html_to_text


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


@pytest.mark.parametrize(
    "part", ["<a '", '<a "', "<pre>", "<img alt=", "a<b", "<!", "<p>", "&amp;", "<a href='", "<li>"]
)
def test_the_time_grows_with_the_length_and_not_with_its_square(part: str) -> None:
    """A message of a megabyte of half a tag holds nobody up."""
    html_to_text(part * 1000)
    started = time.thread_time()
    html_to_text(part * (500_000 // len(part)))
    assert time.thread_time() - started < 2.0
