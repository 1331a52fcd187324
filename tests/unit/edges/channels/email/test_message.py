from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edges.channels.email.message import FRAME, Body, Headers, body_of, compose, weight_of
from app.edges.channels.email.mime import PIECE
from app.values.delivery import Mailbox
from app.values.notification import (
    Attachment,
    Author,
    ContentType,
    Embed,
    Field,
    Footer,
    Image,
    Mail,
    Notification,
    Request,
)

DATE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HEADERS = Headers(
    Mailbox("n@example.com", "Notifier"), [Mailbox("a@example.com")], [], DATE, "<id@example.com>"
)


def told(**fields: Any) -> Notification:
    """Return a notification."""
    return Notification(**{"content": "text", "requests": (Request("email"),), **fields})


def composed(notification: Notification, headers: Headers = HEADERS, **options: Any) -> bytes:
    """Return the mail as one piece."""
    body = body_of(notification, "=_1", **options)
    return b"".join(compose(headers, body, utf8=False))


def read(source: bytes) -> EmailMessage:
    """Return what a standard reader makes of it; it finds nothing wrong."""
    message = message_from_bytes(source, policy=policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert part.defects == []
    return message


def part(message: EmailMessage, kind: str) -> str:
    """Return the text of the ``plain`` or ``html`` part."""
    found = message.get_body((kind,))
    assert found is not None
    text: str = found.get_content()
    return text.replace("\r\n", "\n").removesuffix("\n")


def test_plain_text_is_a_plain_mail() -> None:
    """One part, seven bits, CRLF, and the headers that every mail has."""
    source = composed(told(content="disk full\n\n.hidden\nsee you", title="db-1"))
    assert source.split(b"\r\n\r\n", 1) == [
        (
            b"From: Notifier <n@example.com>\r\n"
            b"To: a@example.com\r\n"
            b"Subject: db-1\r\n"
            b"Date: Fri, 02 Jan 2026 03:04:05 +0000\r\n"
            b"Message-ID: <id@example.com>\r\n"
            b"Auto-Submitted: auto-generated\r\n"
            b"MIME-Version: 1.0\r\n"
            b"Content-Type: text/plain; charset=us-ascii\r\n"
            b"Content-Transfer-Encoding: 7bit"
        ),
        b"disk full\r\n\r\n.hidden\r\nsee you\r\n",
    ]


def test_who_is_named_where() -> None:
    """Names and copies are shown, nobody is undisclosed recipients."""
    headers = Headers(
        Mailbox("n@example.com"),
        [Mailbox("a@example.com", "Doe, Jane"), Mailbox("b@example.com")],
        [Mailbox("c@example.com", "张三")],
        DATE,
        "<id@example.com>",
    )
    message = read(composed(told(), headers))
    assert message["To"] == '"Doe, Jane" <a@example.com>, b@example.com'
    assert message["Cc"] == "张三 <c@example.com>"
    nobody = Headers(Mailbox("n@example.com"), [], [], DATE, "<id@example.com>")
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in composed(told(), nobody)


def test_addresses_beyond_ascii_are_shown_to_servers_that_take_them() -> None:
    """Others would refuse the whole mail for them."""
    to = [Mailbox("用户@example.com"), Mailbox("a@example.com")]
    headers = Headers(Mailbox("n@example.com"), to, [], DATE, "<id@example.com>")
    body = body_of(told(), "=_1")
    assert (
        "To: 用户@example.com, a@example.com\r\n".encode() in compose(headers, body, utf8=True)[0]
    )
    assert b"To: a@example.com\r\n" in compose(headers, body, utf8=False)[0]


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"mail": Mail(subject="own"), "title": "title"}, "own"),
        ({"title": "title"}, "title"),
        ({"content": "\nfirst line\nsecond"}, "first line"),
        ({"content": "<p>one</p><p>two</p>", "content_type": ContentType.HTML}, "one"),
        (
            {"mail": Mail(subject="disk full\r\nBcc: x@example.com\n")},
            "disk full Bcc: x@example.com",
        ),
        (
            {"title": "=?utf-8?q?x=0d=0aReply-To:_a@example.com?="},
            "=?utf-8?q?x=0d=0aReply-To:_a@example.com?=",
        ),
        ({"title": "x" * 300}, "x" * 242 + "… [shortened]"),
    ],
)
def test_the_subject_is_one_line_of_literal_text(fields: dict[str, Any], subject: str) -> None:
    """Its own, else the title, else the first line; nothing in it becomes a header."""
    message = read(composed(told(**fields)))
    assert message["Subject"] == subject
    assert message["Reply-To"] is None
    assert message["Bcc"] is None


EMBED = Embed(
    title="Fill",
    description="bought 100",
    url="https://example.com/fill",
    color=0xFF0000,
    author=Author("Broker"),
    fields=(Field("Price", "12.5"),),
    footer=Footer("today"),
    image=Image("https://example.com/chart.png"),
)
DECORATED = told(
    content="AAPL <broke> out\n  & up",
    title="Signal",
    color=0x00FF00,
    url="https://example.com/signal?a=1&b=2",
    author=Author("Strategy 7", "https://example.com/s7"),
    fields=(Field("Price", "1 < 2"), Field("Volume", "100", inline=True)),
    footer=Footer("risk desk"),
    embeds=(EMBED,),
)


def test_what_decorates_a_notification_is_in_the_text() -> None:
    """Readable for whoever reads no HTML."""
    assert part(read(composed(DECORATED)), "plain") == (
        "Strategy 7 (https://example.com/s7)\n\n"
        "AAPL <broke> out\n  & up\n\n"
        "Price: 1 < 2\nVolume: 100\n\n"
        "https://example.com/signal?a=1&b=2\n\n"
        "risk desk\n\n"
        "Broker\nFill\nhttps://example.com/fill\nbought 100\nPrice: 12.5\n"
        "https://example.com/chart.png\ntoday"
    )


def test_what_decorates_a_notification_is_in_the_html() -> None:
    """A card for the notification, one for each embed; text is text, line by line."""
    message = read(composed(DECORATED))
    assert message.get_content_type() == "multipart/alternative"
    html = part(message, "html")
    for piece in (
        "border-left:4px solid #00ff00",
        '<a href="https://example.com/s7">Strategy 7</a>',
        '<a href="https://example.com/signal?a=1&amp;b=2">Signal</a>',
        "AAPL &lt;broke&gt; out<br>\n&nbsp; &amp; up",
        "<strong>Price</strong>",
        "1 &lt; 2",
        "risk desk",
        "border-left:4px solid #ff0000",
        '<a href="https://example.com/fill">Fill</a>',
        "bought 100",
        '<img src="https://example.com/chart.png"',
        "today",
    ):
        assert piece in html


@pytest.mark.parametrize("decoration", ["color", "url", "author", "footer", "fields", "embeds"])
def test_every_decoration_shows(decoration: str) -> None:
    """By itself it makes a mail with an HTML part."""
    message = read(composed(told(**{decoration: getattr(DECORATED, decoration)})))
    assert message.get_content_type() == "multipart/alternative"


def test_only_links_and_pictures_from_the_web_are_made() -> None:
    """Anything else is text, or left out."""
    embed = Embed(title="t", url="javascript:alert(1)", image=Image('https://x/"onerror="y'))
    html = part(read(composed(told(embeds=(embed,), url="data:x"))), "html")
    assert "href" not in html
    assert "<img" not in html


def test_a_title_that_is_not_the_subject_is_said() -> None:
    """Above the text."""
    message = read(composed(told(title="Title", mail=Mail(subject="Subject"))))
    assert part(message, "plain") == "Title\n\ntext"


def test_html_of_the_producers_comes_as_it_is() -> None:
    """With its text beside it, and what decorates it at the end of its body."""
    page = "<html><body><p>para</p></BODY ></html>"
    message = read(composed(told(content=page, content_type=ContentType.HTML, color=0xFF)))
    assert part(message, "html") == page
    assert part(message, "plain") == "para"
    message = read(composed(told(mail=Mail(html=page), fields=(Field("k", "v"),))))
    html = part(message, "html")
    assert html.startswith("<html><body><p>para</p><div")
    assert html.endswith("</div>\n</BODY ></html>")
    assert part(message, "plain") == "text\n\nk: v"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain", "7bit"),
        ("x" * 998, "7bit"),
        ("x" * 999, "quoted-printable"),
        ("a few umlauts: äöü, in a long text of letters", "quoted-printable"),
        ("中文通知", "base64"),
        ("=?utf-8?q?x?=\n--=_1\n.\nFrom me", "7bit"),
    ],
)
def test_text_goes_over_the_wire_as_short_lines_of_seven_bits(text: str, encoding: str) -> None:
    """Whatever a server offers; readable where that is not much longer."""
    source = composed(told(content=text, title="t"))
    message = read(source)
    assert message["Content-Transfer-Encoding"] == encoding
    assert part(message, "plain") == text
    assert source.isascii()
    assert max(map(len, source.split(b"\r\n"))) <= 998
    assert b"\n" not in source.replace(b"\r\n", b"")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])))
def test_any_text_survives(text: str) -> None:
    """Character by character."""
    assert part(read(composed(told(content=f"{text}\n{text}.", title="t"))), "plain") == (
        f"{text}\n{text}."
    )


CSV = Attachment("r.csv", b"a,b\r\n1,2\n", "text/csv")


def test_attachments_are_attached() -> None:
    """Byte for byte, with type and name, after text and HTML."""
    image = Attachment("../图.png", bytes(range(256)) * 300, "image/png")
    mail = Mail(html="<b>hi</b>", attachments=(CSV, image))
    message = read(composed(told(mail=mail)))
    assert message.get_content_type() == "multipart/mixed"
    assert part(message, "plain") == "text"
    assert part(message, "html") == "<b>hi</b>"
    first, second = message.iter_attachments()
    assert (first.get_filename(), first.get_content_type()) == ("r.csv", "text/csv")
    assert first.get_content_charset() == "utf-8"
    assert first.get_payload(decode=True) == CSV.content
    assert (second.get_filename(), second.get_content_type()) == ("图.png", "image/png")
    assert second.get_payload(decode=True) == image.content


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("", "attachment"),
        ("C:\\temp\\r.csv", "r.csv"),
        ("a\r\nBcc: b@example.com", "a Bcc: b@example.com"),
        ("=?utf-8?q?x=0d=0aBcc:_a@example.com?=.txt", "=?utf-8?q?x=0d=0aBcc:_a@example.com?=.txt"),
        ("报" * 200 + ".pdf", "报" * 75 + "….pdf"),
        ("n" * 200, "n" * 79 + "…"),
    ],
)
def test_a_file_has_a_name_that_every_reader_takes(given_name: str, name: str) -> None:
    """On one line, without folders, with its ending."""
    file = Attachment(given_name, b"x", "application/octet-stream")
    message = read(composed(told(mail=Mail(attachments=(file,)))))
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == name
    assert message["Bcc"] is None


def test_attachments_that_are_too_large_are_named() -> None:
    """In the text and in the HTML, where somebody would miss them."""
    mail = Mail(html="<p>hi</p>", attachments=(CSV,))
    message = read(composed(told(mail=mail), attached=False))
    assert message.get_content_type() == "multipart/alternative"
    remark = "[not attached, because the mail server takes no mail that large: r.csv (9 bytes)]"
    assert part(message, "plain") == f"text\n\n{remark}"
    assert remark in part(message, "html")


def test_a_large_mail_comes_in_pieces_of_whole_lines() -> None:
    """So that none of them holds up anything for long."""
    file = Attachment("f", b"\xff" * 1_000_000, "application/octet-stream")
    text = "line\n" * 100_000
    body = body_of(told(content=text, title="t", mail=Mail(attachments=(file,))), "=_1")
    pieces = compose(HEADERS, body, utf8=False)
    assert len(pieces) > 30
    assert all(piece.endswith(b"\r\n") for piece in pieces)
    assert max(map(len, pieces)) < 2 * PIECE
    (attached,) = read(b"".join(pieces)).iter_attachments()
    assert attached.get_payload(decode=True) == file.content


def test_a_body_is_made_once_for_all_who_get_it() -> None:
    """What differs is in the headers alone."""
    body = body_of(told(title="t"), "=_1")
    assert isinstance(body, Body)
    other = Headers(HEADERS.sender, [Mailbox("b@example.com")], [], DATE, "<2@example.com>")
    first, second = (compose(headers, body, utf8=False) for headers in (HEADERS, other))
    assert first[0] != second[0]
    assert first[1:] == second[1:]


def test_what_there_is_to_compose_has_a_weight() -> None:
    """Everything that can be long counts."""
    assert weight_of(told(content="x" * 100)) == 100
    file = Attachment("f", b"x" * 1000, "text/plain")
    embed = Embed(description="d" * 10, fields=(Field("ab", "c"),))
    mail = Mail(html="h" * 5, attachments=(file,))
    heavy = told(content="x", mail=mail, embeds=(embed,), fields=(Field("n", "v" * 6),))
    assert weight_of(heavy) == 1 + 5 + 1000 + 10 + 3 + 7 + 4 * FRAME
    assert weight_of(told(content="x", title="t" * 10, url="u" * 20)) == 1 + 10 + 20
