import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edges.smtp.replies import (
    MAX_REPLY,
    MalformedReplyError,
    Reply,
    Stage,
    is_about_the_recipient,
    is_about_the_sender,
    read_reply,
    says_too_large,
    says_too_many_recipients,
)


def rcpt(said: str) -> Reply:
    """Return a reply to RCPT."""
    return Reply(int(said[:3]), said[4:], Stage.RECIPIENT)


def text(said: str) -> Reply:
    """Return a reply to the end of the text."""
    return Reply(int(said[:3]), said[4:], Stage.TEXT)


@pytest.mark.parametrize(
    ("received", "code", "said", "left"),
    [
        (b"250 OK\r\n", 250, "OK", b""),
        (b"250\r\n", 250, "", b""),
        (b"250 OK\n", 250, "OK", b""),
        (b"250-mail.example\r\n250-SIZE 9\r\n250 HELP\r\n", 250, "mail.example\nSIZE 9\nHELP", b""),
        (b"250 one\r\n354 two\r\n", 250, "one", b"354 two\r\n"),
        ("550 unzustellbar: \u00fc\r\n".encode(), 550, "unzustellbar: ü", b""),
        (b"550 \xff\r\n", 550, "\ufffd", b""),
    ],
)
def test_a_reply_is_read_off_the_front(received: bytes, code: int, said: str, left: bytes) -> None:
    """Of one line or several; what follows stays for the next."""
    buffer = bytearray(received)
    assert read_reply(buffer, Stage.TEXT) == Reply(code, said, Stage.TEXT)
    assert bytes(buffer) == left


@pytest.mark.parametrize("received", [b"", b"25", b"250 O", b"250-a\r\n", b"250-a\r\n250"])
def test_half_a_reply_is_waited_for(received: bytes) -> None:
    """Nothing is taken before the last line is there."""
    buffer = bytearray(received)
    assert read_reply(buffer, Stage.CONNECT) is None
    assert bytes(buffer) == received


@pytest.mark.parametrize(
    "received",
    [
        b"garbage\r\n",
        b"\r\n",
        b"99 x\r\n",
        b"650 x\r\n",
        b"250x\r\n",
        b"1" * (MAX_REPLY + 1),
        b"250-ok\r\n" * (MAX_REPLY // 8 + 1),
    ],
)
def test_what_is_no_reply_is_told_apart(received: bytes) -> None:
    """So is one without an end."""
    with pytest.raises(MalformedReplyError):
        read_reply(bytearray(received), Stage.CONNECT)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_replies_do_not_depend_on_how_they_arrive(received: bytes, cut: int) -> None:
    """In one piece or in two: the same reply, or the same fault."""

    def outcome(*pieces: bytes) -> object:
        buffer = bytearray()
        try:
            for piece in pieces:
                buffer += piece
                if (reply := read_reply(buffer, Stage.CONNECT)) is not None:
                    return reply
        except MalformedReplyError:
            return "malformed"
        return None

    assert outcome(received[:cut], received[cut:]) == outcome(received)


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("452 4.5.3 Error: too many recipients", True),  # Postfix
        ("451 4.5.3 Too many recipients", True),  # OpenSMTPD
        ("452 Too many recipients received this hour", True),
        ("552 5.5.3 Too many recipients", True),
        ("552 Requested mail action aborted", True),  # RFC 5321, 4.5.3.1.10
        ("550 Too many recipients", True),
        ("452 4.2.2 Mailbox full", False),
        ("552 5.2.2 Over quota", False),
        ("450 4.7.1 Error: too many recipients from 192.0.2.1", False),  # Postfix's rate limit
        ("450 4.2.0 Greylisted", False),
        ("550 5.1.1 User unknown", False),
    ],
)
def test_too_many_recipients_is_no_word_about_the_recipient(said: str, limit: bool) -> None:
    """Another transaction may take it; a full mailbox and a limit of the rate are different."""
    assert says_too_many_recipients(rcpt(said)) is limit


@pytest.mark.parametrize(
    ("reply", "large"),
    [
        (text("552 5.3.4 Error: message file too big"), True),
        (text("552 message size exceeds limit"), True),
        (text("554 5.3.4 too big"), True),
        (text("554 5.7.1 spam"), False),
        (Reply(552, "5.3.4 Message size exceeds fixed limit", Stage.SENDER), True),
        (text("552 5.2.2 mailbox full"), False),
        (rcpt("552 5.3.4 x"), False),
    ],
)
def test_a_mail_that_is_too_large_is_told_from_a_mailbox_that_is_full(
    reply: Reply, large: bool
) -> None:
    """The one is about the mail, and a smaller one may pass."""
    assert says_too_large(reply) is large


@pytest.mark.parametrize(
    ("reply", "ours"),
    [
        # Postfix
        (rcpt("504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname"), True),
        (rcpt("550 5.7.1 <vm.lan>: Helo command rejected: Host not found"), True),
        (rcpt("501 5.5.2 <-x>: Helo command rejected: invalid name"), True),
        (rcpt("554 5.7.1 <h[192.0.2.1]>: Client host rejected: Access denied"), True),
        (rcpt("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using x"), True),
        (rcpt("553 5.7.1 <a@x>: Sender address rejected: not owned by user n"), True),
        (rcpt("550 5.1.8 <a@x>: Sender address rejected: Domain not found"), True),
        (rcpt("554 5.7.1 <b@y>: Relay access denied"), True),
        (rcpt("550 5.1.1 <b@y>: Recipient address rejected: User unknown in relay table"), False),
        (rcpt("554 5.7.1 <b@y>: Recipient address rejected: Access denied"), False),
        (rcpt("504 5.5.2 <r>: Recipient address rejected: need fully-qualified address"), False),
        (rcpt("501 5.1.3 Bad recipient address syntax"), False),
        # Exim
        (rcpt("550 HELO should be a FQDN or address literal (See RFC 2821 4.1.1.1)"), True),
        (rcpt("550 relay not permitted"), True),
        (rcpt("550 Unrouteable address"), False),
        # Exchange, Google
        (text("550 5.7.60 SMTP; Client does not have permissions to send as this sender"), True),
        (text("550 5.4.5 Daily user sending limit exceeded"), True),
        (text("550 5.7.26 Unauthenticated email from x is not accepted due to DMARC"), True),
        # anybody
        (Reply(550, "you may not", Stage.SENDER), True),
        (rcpt("503 5.5.1 need MAIL"), True),
        (text("554 5.7.1 Message rejected as spam"), False),
        (text("552 5.3.4 too big"), False),
        (rcpt("450 4.7.1 <vm>: Helo command rejected: Host not found"), False),
        (rcpt("250 2.1.5 relay ok"), False),
    ],
)
def test_who_is_refused_is_read_from_the_servers_words(reply: Reply, ours: bool) -> None:
    """This service, or the mail and its recipient; what is temporary is neither."""
    assert is_about_the_sender(reply) is ours


@pytest.mark.parametrize(
    ("reply", "theirs"),
    [
        (rcpt("450 4.2.0 Greylisted, see you"), True),
        (rcpt("450 4.7.1 Greylisted"), True),
        (rcpt("452 4.2.2 mailbox full"), True),
        (rcpt("450 mailbox busy"), True),
        (rcpt("451 4.3.0 Temporary lookup failure"), False),
        (rcpt("451 local error"), False),
        (rcpt("452 4.3.1 Insufficient system storage"), False),
        (text("450 4.2.0 later"), False),
        (Reply(None, "no answer", Stage.RECIPIENT), False),
    ],
)
def test_a_recipients_trouble_is_told_from_the_servers(reply: Reply, theirs: bool) -> None:
    """Whoever else is written to gets their mail all the same."""
    assert is_about_the_recipient(reply) is theirs
