from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inbox.mail import read_mail
from app.values.inbox import InboxCard


def read(source: bytes) -> InboxCard:
    """Read a mail from and to whomever."""
    return read_mail(source, "envelope@example.com", ["to@example.com"])


def mail() -> EmailMessage:
    """Return a mail with a text and an HTML part."""
    message = EmailMessage()
    message["Subject"] = "📧 Email 测试通知 " + "很长的标题" * 20
    message["From"] = "通知 <from@example.com>"
    message["To"] = "to@example.com"
    message.set_content("测试邮件 #1\n\n时间: 12:00")
    message.add_alternative("<p>测试邮件</p>", subtype="html")
    return message


@pytest.mark.parametrize("policy", [SMTP, SMTPUTF8])
def test_parts_and_headers(policy: EmailPolicy) -> None:
    """Subject, sender, text and HTML are decoded, whether as encoded words or as raw UTF-8."""
    source = mail().as_bytes(policy=policy)
    assert read(source) == InboxCard(
        id=0,
        kind="email",
        time="",
        title="📧 Email 测试通知 " + "很长的标题" * 20,
        text="测试邮件 #1\n\n时间: 12:00",
        sender="通知 <from@example.com>",
        recipients=("to@example.com",),
        html="<p>测试邮件</p>",
        raw=source.decode(),
    )


def test_text_alone() -> None:
    """A mail without an HTML part has none."""
    card = read(b"Subject: hi\r\n\r\nline\r\n.\r\n")
    assert (card.title, card.text, card.html) == ("hi", "line\n.", None)


def test_html_alone() -> None:
    """A mail without a text part has an empty text."""
    card = read(b"Content-Type: text/html\r\n\r\n<b>hi</b>\r\n")
    assert (card.text, card.html) == ("", "<b>hi</b>")


def test_attachments_are_no_text() -> None:
    """An attached text file is not taken for the mail's text."""
    message = EmailMessage()
    message.add_attachment("attached", filename="a.txt")
    message.add_attachment("<p>attached</p>", subtype="html", filename="a.html")
    card = read(message.as_bytes(policy=SMTP))
    assert (card.text, card.html) == ("", None)


def test_no_headers() -> None:
    """What names neither sender nor subject has the envelope's sender and no title."""
    card = read(b"\r\nbody\r\n")
    assert (card.sender, card.title, card.text) == ("envelope@example.com", None, "body")


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        (b"=?utf-8?b?5rWL6K+V?= =?utf-8?q?=E6=B5=8B?=", "测试测"),
        (b"=?nonsense?b?5rWL?=", "测"),
        (b"=?utf-8?b?a?=", "a"),
        (b"=?utf-8?b?/w==?=", "�"),
        (b"=?unicode_escape?q?=5Cud800?=", "=?unicode_escape?q?=5Cud800?="),
        (b"=?utf-8?b?", "=?utf-8?b?"),
        (b"raw \xff", "raw �"),
        ("测试".encode(), "测试"),
        (b"folded\r\n line", "folded  line"),
    ],
)
def test_subjects(subject: bytes, title: str) -> None:
    """Encoded words are decoded, broken ones as far as they can be read."""
    assert read(b"Subject: " + subject + b"\r\n\r\n").title == title


@pytest.mark.parametrize("charset", [b"nonsense", b"utf-8", b"", b"hex", b"rot13", b"a\x00b"])
def test_charsets(charset: bytes) -> None:
    """A charset that nobody knows is taken for UTF-8."""
    source = b'Content-Type: text/plain; charset="' + charset + b'"\r\n\r\n\xe6\xb5\x8b\xff\r\n'
    assert read(source).text == "测�"


def test_lone_surrogates_are_replaced() -> None:
    """Nothing that JSON could not carry comes out, whether from charsets or from addresses."""
    source = b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800"
    card = read_mail(source, "\udcff@example.com", ["\udcff@example.com"])
    assert (card.text, card.sender) == ("?", "�@example.com")
    assert card.recipients == ("?@example.com",)


def test_legacy_charset() -> None:
    """A charset that is known is used."""
    source = "Content-Type: text/plain; charset=gb18030\r\n\r\n测试".encode("gb18030")
    assert read(source).text == "测试"


@given(
    st.lists(
        st.sampled_from(
            [
                b"\r\n",
                b"\n",
                b"--x\r\n",
                b"--x--\r\n",
                b"Content-Type: multipart/mixed; boundary=x\r\n",
                b"Content-Type: multipart/alternative\r\n",
                b"Content-Type: message/rfc822\r\n",
                b"Content-Type: text/plain; charset*=a''b\r\n",
                b"Content-Type: text/html; name*0*=x; name*1=y\r\n",
                b"Content-Disposition: attachment; filename*=x'y\r\n",
                b"Content-Transfer-Encoding: base64\r\n",
                b"Content-Transfer-Encoding: quoted-printable\r\n",
                b"Content-Transfer-Encoding: x-uuencode\r\n",
                b"begin 644 a\r\n",
                b"Subject: =?utf-8?q?\r\n",
                b"From: <<>>\r\n",
                b"=?=",
                b":",
                b"\x00",
                b"\xff\xfe",
            ]
        )
        | st.binary(max_size=20),
        max_size=30,
    ).map(b"".join)
)
def test_garbage(source: bytes) -> None:
    """No bytes whatever break the reader."""
    assert msgspec.json.encode(read(source))
