import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.mail.addresses import (
    are_plain,
    normalise_mail,
    read_mailbox,
    split_mail_addresses,
)
from app.values.delivery import Mailbox
from app.values.errors import UnroutableError


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", ()),
        (" , ", ()),
        ("a@x", ("a@x",)),
        ("a@x,b@x , c@x,a@x", ("a@x", "b@x", "c@x")),
        ("a@x.example; b@y.example", ("a@x.example", "b@y.example")),
        ("a@x，b@x；c@x、d@x", ("a@x", "b@x", "c@x", "d@x")),
        ("a@x\r\nb@x\n", ("a@x", "b@x")),
        ("a@x b@x\tc@x", ("a@x", "b@x", "c@x")),
        ('"Doe, Jane" <a@x>; Bob <b@x>', ('"Doe, Jane" <a@x>', "Bob <b@x>")),
        ("<a@x> Bob <b@x>", ("<a@x>", "Bob <b@x>")),
        ("Bob Doe <b@x>", ("Bob Doe <b@x>",)),
        ('"john doe"@example.com', ('"john doe"@example.com',)),
        ('"a,b"@x, "c\\",d"@x', ('"a,b"@x', '"c\\",d"@x')),
        ("Team: a@x, b@x;", ("a@x", "b@x")),
        ("undisclosed-recipients:;", ()),
        ("mailto:a@x,mailto:b@x", ("mailto:a@x", "mailto:b@x")),
        ("ops@[IPv6:2001:db8::1]", ("ops@[IPv6:2001:db8::1]",)),
        ("a@x, nobody here", ("a@x", "nobody here")),
        ('"open, a@x', ('"open', "a@x")),
        ("<open, a@x", ("<open", "a@x")),
    ],
)
def test_lists_are_split_as_people_write_them(text: str, entries: tuple[str, ...]) -> None:
    """At any mark that separates, but not within a name or a quoted address."""
    assert split_mail_addresses([text]) == entries


@pytest.mark.parametrize("text", ['"' + "a@x," * 200_000, '"\\' * 200_000, "<" * 400_000])
def test_a_very_long_list_is_split_at_once(text: str) -> None:
    """The time grows with the length, not with its square."""
    assert split_mail_addresses([text])


@pytest.mark.parametrize(
    ("entry", "mailbox"),
    [
        ("a@example.com", Mailbox("a@example.com")),
        ("First.Last+tag@Example.COM", Mailbox("First.Last+tag@example.com")),
        ("root@localhost", Mailbox("root@localhost")),
        ("a..b@docomo.example", Mailbox("a..b@docomo.example")),
        ("a@example.com.", Mailbox("a@example.com")),
        ("a@a.b.c.d.e.example", Mailbox("a@a.b.c.d.e.example")),
        ("用户@例子.cn", Mailbox("用户@xn--fsqu00a.cn")),
        ("u\u0308@x", Mailbox("ü@x")),
        ("user@faß.example", Mailbox("user@xn--fa-hia.example")),
        ("a＠x.example", Mailbox("a@x.example")),
        ("\u200ba@x.example\u200b ", Mailbox("a@x.example")),
        ('"john doe"@example.com', Mailbox('"john doe"@example.com')),
        ('"john"@example.com', Mailbox("john@example.com")),
        (r'"a\"\b\\"@x', Mailbox(r'"a\"b\\"@x')),
        ('"a@b"@x', Mailbox('"a@b"@x')),
        ("ops@[192.0.2.1]", Mailbox("ops@[192.0.2.1]")),
        ("ops@[ipv6:2001:DB8:0::1]", Mailbox("ops@[IPv6:2001:db8::1]")),
        ("mailto:a@x.example", Mailbox("a@x.example")),
        ("MAILTO:john%20doe@x?subject=hi", Mailbox('"john doe"@x')),
        ("Jane <mailto:a@x>", Mailbox("a@x", "Jane")),
        ("<a@x>", Mailbox("a@x")),
        ('"a@x.example"', Mailbox("a@x.example")),
        ("'a@x.example'", Mailbox("a@x.example")),
        ("a@x (Jane Doe)", Mailbox("a@x", "Jane Doe")),
        ("Jane Doe <a@x>", Mailbox("a@x", "Jane Doe")),
        ('"Doe, \\"JD\\" Jane" <a@x>', Mailbox("a@x", 'Doe, "JD" Jane')),
        ("Doe, Jane <a@x>", Mailbox("a@x", "Doe, Jane")),
        ("张三 <a@x>", Mailbox("a@x", "张三")),
        ("=?utf-8?q?x?= <a@x>", Mailbox("a@x", "=?utf-8?q?x?=")),
        ("a\r\nBcc: b@y <a@x>", Mailbox("a@x", "a Bcc: b@y")),
    ],
)
def test_an_entry_names_one_mailbox(entry: str, mailbox: Mailbox) -> None:
    """In the one spelling that tells whether two are the same, with the name that it came with."""
    assert read_mailbox(entry) == mailbox
    assert normalise_mail(entry) == mailbox.address


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "a",
        "@example.com",
        "a@",
        "a@b@example.com",
        "a b@example.com",
        "a@exa mple.com",
        "a@example..com",
        "a@.例子",
        "a@[256.0.0.1]",
        "a@[x]",
        "a@example.com\r\nBcc: b@example.com",
        '"a\r\n"@example.com',
        '""@example.com',
        "a\x00@example.com",
        "a\ud800@example.com",
        "a" * 65 + "@example.com",
        "é" * 33 + "@example.com",
        "a@" + "b" * 260 + ".com",
        "a" * 60 + "@" + "bcdefghi." * 22 + "com",
        "<>",
        "Jane <>",
    ],
)
def test_what_is_no_mail_address_is_refused(entry: str) -> None:
    """Above all what would break out of a mail header or a command."""
    with pytest.raises(UnroutableError, match="not a mail address"):
        read_mailbox(entry)


def test_a_very_long_name_is_shortened() -> None:
    """A record's own address list is no way to make a header without end."""
    mailbox = read_mailbox("n" * 10_000 + " <a@x>")
    assert len(mailbox.name) <= 200


@settings(deadline=None)
@given(st.text() | st.emails() | st.from_regex(r'"?[^@]{1,5}"?@\[?[a-z0-9.]{1,9}\]?'))
def test_any_entry_is_read_for_good_or_refused(entry: str) -> None:
    """What comes out is one line, and stays as it is."""
    try:
        mailbox = read_mailbox(entry)
    except UnroutableError:
        return
    assert mailbox.address.isprintable()
    assert len(mailbox.name.splitlines()) <= 1
    assert normalise_mail(mailbox.address) == mailbox.address


@given(st.lists(st.emails() | st.sampled_from(["a@x", "A@X", "nobody", "", "a@x\nb@y"])))
def test_plain_lists_need_no_reading(entries: list[str]) -> None:
    """What counts as plain is what reading would leave as it is."""
    if are_plain(entries):
        assert [read_mailbox(entry) for entry in entries] == [Mailbox(entry) for entry in entries]
