"""Texts in CommonMark whose characters are shown as they are."""

import pytest

from app.policies.texts.commonmark import UNSEEN, CommonMark, uncalled
from app.policies.texts.markdown import read_markdown
from app.policies.texts.markup import literal

WHOLE = CommonMark(breaks="  ")
CHAT = CommonMark("*_~`#", calls=True)
URL = "https://x.example/a_b"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain text", "plain text"),
        ("a*b_c [d](e) <f> & \\", r"a\*b\_c \[d\]\(e\) \<f\> \& \\"),
        ("two  spaces\tand a tab", "two\u00a0\u00a0spaces\u00a0and a tab"),
        ("  indented", "\u00a0\u00a0indented"),
        ("- no item", f"{UNSEEN}- no item"),
        ("1. no item", f"{UNSEEN}1. no item"),
        ("# no heading", f"{UNSEEN}# no heading"),
        ("===", f"{UNSEEN}==="),
        (f"see {URL} now", f"see {URL} now"),
        (f"see {URL}<b>", f"see https{UNSEEN}://x.example/a\\_b\\<b\\>"),
        ("one\n\ntwo", "one  \n\ntwo"),
    ],
)
def test_text_is_shown_as_it_stands(text: str, written: str) -> None:
    """By backslashes, or by a space that nobody sees."""
    assert WHOLE.write(literal(text)) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("@all and a@b.example", f"@{UNSEEN}all and a@b.example"),
        (":smile: 10:30", f":{UNSEEN}smile: 10:30"),
        ("[a](b) \\. &lt;", f"[a]{UNSEEN}(b) \\{UNSEEN}. &{UNSEEN}lt;"),
        (f"{URL}/@all", f"https{UNSEEN}://x.example/a\\_b/@{UNSEEN}all"),
        ("> said", f"{UNSEEN}> said"),
    ],
)
def test_a_chat_calls_nobody_and_shows_no_pictures(text: str, written: str) -> None:
    """What it has no escape for is taken apart."""
    assert CHAT.write(literal(text)) == written
    assert uncalled("nobody") == "nobody"


def test_markdown_is_written_again() -> None:
    """Each block with its signs; code and tables stand as they are."""
    content = (
        "## Head\n**b** *i* ~~s~~ `c` ``c`d``\n[l *i*](https://x.example/1_2) <https://y.example>\n"
        "- one\n  2. two\n---\n> said\n```\n*raw* x```\n```\n|a|b|\n|--|--|\nend"
    )
    assert WHOLE.write(read_markdown(content)) == (
        "## Head\n**b** _i_ ~~s~~ `c` `` c`d ``  \n"
        "[l](https://x.example/1_2) _[i](https://x.example/1_2)_ https://y.example  \n"
        "- one\n  2. two\n***\n\n> said\n\n```\n*raw* x`\u200b``\n```\n\n|a|b|\n|--|--|\n\nend"
    )
    assert WHOLE.styled(" ", 1, None) == " "
