from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edges.channels.email.headers import address_header, parameter, text_header
from app.policies.texts.plain_text import one_line
from app.values.delivery import Mailbox


def parsed(header: str) -> EmailMessage:
    """Return what a standard reader makes of a mail with that header."""
    message = message_from_bytes(f"{header}X-Next: y\r\n\r\n".encode(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message["X-Next"] == "y"
    assert len(message.keys()) == 2
    return message


def name_in(header: str) -> str:
    """Return a name that is encoded; Python's newer reader puts spaces into it (gh-92081)."""
    phrase = " ".join(lines_of(header)).partition(": ")[2].rpartition("<")[0].strip()
    return str(make_header(decode_header(phrase))) if "=?" in phrase else ""


def lines_of(header: str) -> list[str]:
    """Return the lines of a header, which ends the last of them."""
    assert header.endswith("\r\n")
    return header[:-2].split("\r\n")


def test_short_text_stays_as_it_is() -> None:
    """What needs no encoding has none."""
    assert text_header("Subject", "disk full on db-1") == "Subject: disk full on db-1\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "=?utf-8?q?x=0d=0aReply-To:_a@example.com?=",
        "a =?utf-8?b?eA==?= b",
        "=?",
        "主题" * 100,
        "Größe " * 30 + "Ende",
        "🔔" * 50,
        "word " * 60 + "end",
    ],
)
def test_text_is_read_as_it_was_written(text: str) -> None:
    """Long, beyond ASCII, or like an encoded word: on short lines, and never anything else."""
    header = text_header("Subject", text)
    assert parsed(header)["Subject"] == text
    assert all(len(line) <= 79 for line in lines_of(header))
    assert header.isascii()


def test_a_word_without_end_is_divided() -> None:
    """No line is longer than a server takes."""
    header = text_header("Subject", "x" * 2000)
    assert parsed(header)["Subject"] == "x" * 2000
    assert max(map(len, lines_of(header))) <= 78


def test_no_character_is_divided_between_encoded_words() -> None:
    """Each word is a text of its own (RFC 2047, section 5)."""
    for line in lines_of(text_header("Subject", "a主题" * 60)):
        word = line.removeprefix("Subject: ").strip()
        assert "\ufffd" not in str(parsed(f"Subject: {word}\r\n")["Subject"])


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_line_of_text_survives(text: str) -> None:
    """Whatever a producer writes."""
    line = one_line(text)
    header = text_header("Subject", line)
    assert parsed(header)["Subject"] == line
    assert all(len(each) <= 998 for each in lines_of(header))


LONG = "A very long department name, with comma, of the Ministry of Something, Notification Service"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Notifier",
        "Jane Q Doe",
        LONG,
        'The "Boss", \\o/',
        "通知服务，" * 30,
        "=?utf-8?q?x=0d=0aReply-To:_a@example.com?=",
        "evil@example.com",
        "<evil@example.com>",
        "x" * 150,
    ],
)
def test_a_name_and_an_address_stay_one_mailbox(name: str) -> None:
    """Commas, quotes, length and other alphabets make no second one."""
    header = address_header("From", [Mailbox("a@example.com", name)])
    found = parsed(header)["From"]
    assert isinstance(found, AddressHeader)
    (address,) = found.addresses
    assert (name_in(header) or address.display_name) == name
    assert address.addr_spec == "a@example.com"


def test_a_short_name_needs_no_quotes() -> None:
    """Nor more than one line."""
    header = address_header("From", [Mailbox("a@example.com", "Notifier")])
    assert header == "From: Notifier <a@example.com>\r\n"


def test_many_mailboxes_are_folded_between_them() -> None:
    """Each is found again, with special addresses among them."""
    mailboxes = [Mailbox(f"user{number}@example.com") for number in range(50)]
    mailboxes += [Mailbox('"john doe"@example.com', "John, D."), Mailbox("ops@[192.0.2.1]")]
    header = address_header("To", mailboxes)
    assert all(len(line) <= 79 for line in lines_of(header))
    found = parsed(header)["To"]
    assert isinstance(found, AddressHeader)
    assert [address.addr_spec for address in found.addresses] == [
        mailbox.address for mailbox in mailboxes
    ]


@pytest.mark.parametrize(
    "name",
    ["r.csv", 'a"b\\c.txt', "报告.pdf", "=?utf-8?q?x=0d=0aBcc:_a@example.com?=.txt", "a;b=c.txt"],
)
def test_a_file_name_is_read_as_it_was_written(name: str) -> None:
    """In quotes if it is plain, percent-encoded if not."""
    message = parsed(f"Content-Disposition: attachment;\r\n {parameter('filename', name)}\r\n")
    assert message.get_filename() == name


def test_a_plain_file_name_is_in_quotes() -> None:
    """Which every reader knows."""
    assert parameter("filename", "r.csv") == 'filename="r.csv"'
    assert "=?" not in parameter("filename", "=?utf-8?q?x?=")
