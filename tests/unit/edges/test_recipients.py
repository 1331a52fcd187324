from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.edges.recipients import load_recipients
from app.values.errors import RecipientsFileError
from app.values.notification import NO_ACCESS, Access, Fallback
from app.values.recipients import Contact, Group, Recipients, User
from tests.support.channels import KNOWN

WHOLE = """\
users:
  trader-001:
    name: Day trader
    contacts:
      - {type: webhook, address: "HTTPS://discord.com/api/webhooks/1/t", primary: true}
      - {type: email, address: trader@Example.com, primary: no}
      - type: console
  123:
    active: false
    contacts: [{type: discord, address: "https://proxy.example/hook"}]
  nobody:
groups:
  traders: {uuid: group-456, name: Traders, members: [trader-001, 123, trader-001]}
  empty: {members: []}
"""


HOOK = "type: webhook\n      address: https://hooks.example/secret"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the recipients file is to be."""
    return tmp_path / "recipients.yaml"


def test_a_whole_file_is_read(file: Path) -> None:
    """Addresses are normalised, members named twice count once, ids are texts."""
    file.write_text(WHOLE, encoding="utf-8")
    assert load_recipients(file, KNOWN) == Recipients(
        {
            "trader-001": User(
                (
                    Contact("webhook", "https://discord.com/api/webhooks/1/t", primary=True),
                    Contact("email", "trader@example.com"),
                    Contact("console", "console"),
                ),
                "Day trader",
            ),
            "123": User((Contact("discord", "https://proxy.example/hook"),), active=False),
            "nobody": User(),
        },
        {
            "traders": Group("traders", ("trader-001", "123"), "group-456", "Traders"),
            "empty": Group("empty", ()),
        },
    )


def test_what_it_takes_to_be_let_in_is_read(file: Path) -> None:
    """Headers, secret and keyword of a webhook, and what it is called."""
    file.write_text(
        "users:\n  a:\n    contacts:\n"
        "    - type: webhook\n"
        "      address: https://hooks.example/in\n"
        "      name: risk room\n"
        '      headers: {Authorization: "Bearer t", X-Number: 5}\n'
        "      secret: s\n"
        "      keyword: 交易\n",
        encoding="utf-8",
    )
    (contact,) = load_recipients(file, KNOWN).users["a"].contacts
    access = Access((("Authorization", "Bearer t"), ("X-Number", "5")), "s", "交易")
    assert contact == Contact(
        "webhook", "https://hooks.example/in", name="risk room", access=access
    )


@pytest.mark.parametrize("address", ["", '""', '"  "', "null", "~"])
def test_a_contact_with_an_empty_address_counts_as_absent(file: Path, address: str) -> None:
    """The others are used; a warning names the line."""
    file.write_text(
        f"users:\n  a:\n    contacts:\n    - type: webhook\n      address: {address}\n"
        "    - {type: email, address: a@b.example}\n",
        encoding="utf-8",
    )
    recipients = load_recipients(file, KNOWN)
    assert recipients.users["a"] == User((Contact("email", "a@b.example"),))
    place = "users.a.contacts[0]"
    text = f"{file}:5: {place}.address: is empty; the contact counts as absent"
    assert recipients.warnings == {place: text}


@pytest.mark.parametrize("text", ["", "# nothing\n", "users:\ngroups:\n", "{}"])
def test_an_empty_file_knows_nobody(file: Path, text: str) -> None:
    """That is no fault."""
    file.write_text(text, encoding="utf-8")
    assert load_recipients(file, KNOWN) == Recipients()


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("- a", 1, "the file: expected a mapping"),
        ("users: {}\nteams: {}", 2, "'teams' is unknown; expected users, groups"),
        ("users: []", 1, "users: expected a mapping"),
        ("users:\n  ? [a]\n  : {}", 2, "expected a name as key"),
        ("users:\n  a: {}\n  a: {}", 3, "users: 'a' is there twice"),
        (
            "users:\n  a: {contact: []}",
            2,
            "users.a: 'contact' is unknown; expected name, active, contacts",
        ),
        ("users:\n  a: {contacts: {}}", 2, "users.a.contacts: expected a list"),
        ("users:\n  a:\n    contacts:\n    - secret", 4, "users.a.contacts[0]: expected a mapping"),
        ("users:\n  a:\n    contacts:\n    - {}", 4, "users.a.contacts[0]: type is missing"),
        (
            "users:\n  a:\n    contacts:\n    - type: sms",
            4,
            f"contacts[0].type: expected {', '.join(KNOWN.names)}",
        ),
        (
            "users:\n  a:\n    contacts:\n    - {type: console}\n    - {type: email}",
            5,
            "contacts[1]: address is missing",
        ),
        (
            "users:\n  a:\n    contacts:\n    - type: webhook\n      address: ftp://secret",
            5,
            "contacts[0].address: the webhook URL does not begin with",
        ),
        (
            "users:\n  a:\n    contacts:\n    - {type: email, address: secret}",
            4,
            "contacts[0].address: not a mail address",
        ),
        ("users: {a: {active: 1}}", 1, "users.a.active: expected true or false"),
        ("users: {a: {name: }}", 1, "users.a.name: expected a text"),
        (
            f"users:\n  a:\n    contacts:\n    - {HOOK}\n      headers: [secret]",
            6,
            "contacts[0].headers: expected a mapping",
        ),
        (
            f"users:\n  a:\n    contacts:\n    - {HOOK}\n      headers:\n        Host: secret",
            7,
            "contacts[0].headers: Host is written by the service itself",
        ),
        (
            f'users:\n  a:\n    contacts:\n    - {HOOK}\n      headers: {{A: "x\\nsecret: y"}}',
            6,
            "the value of A is not printable ASCII",
        ),
        (
            (
                'users: {a: {contacts: [{type: webhook, address: "https://u:secret@h.example/",'
                " headers: {authorization: secret}}]}}"
            ),
            1,
            "headers.Authorization: the address has a name and password already",
        ),
        (
            f'users:\n  a:\n    contacts:\n    - {HOOK}\n      keyword: "x\\ny"',
            6,
            "contacts[0].keyword: expected one line",
        ),
        (
            "users: {a: {contacts: [{type: email, address: a@b.example, headers: {A: secret}}]}}",
            1,
            "contacts[0].headers: only webhooks have any",
        ),
        (
            f"users:\n  a:\n    contacts:\n    - {HOOK}\n      fallback: [fax]",
            6,
            "contacts[0].fallback[0]: expected webhook, discord",
        ),
        (
            f"users:\n  a:\n    contacts:\n    - {HOOK}\n      fallback: email",
            6,
            "contacts[0].fallback: expected a list",
        ),
        (
            f"users:\n  a:\n    contacts:\n    - {HOOK}\n      fallback_after: 300",
            6,
            "contacts[0].fallback_after: there is no fallback beside it",
        ),
        (
            f"users:\n  a:\n    contacts:\n    - {HOOK}\n      fallback: [email]\n      fallback_after: x",
            7,
            "contacts[0].fallback_after: expected seconds, 0 to 604800",
        ),
        ("users: {a: {contacts: [{type: email, address: []}]}}", 1, "address: expected a text"),
        (
            "users: {a: {contacts: [{type: console, primary: 1}]}}",
            1,
            "primary: expected true or false",
        ),
        ("groups:\n  g: {}", 2, "groups.g: members is missing"),
        ("groups:\n  g:\n    members:\n    - x", 4, "groups.g.members[0]: 'x' is not under users"),
        ("groups:\n  g: {uuid: [], members: []}", 2, "groups.g.uuid: expected a text"),
        (
            "groups:\n  g: {uuid: u, members: []}\n  h: {uuid: u, members: []}",
            3,
            "groups.h.uuid: another group has it, too",
        ),
        ("users: {a: *x}", 1, "found undefined alias"),
        ("users:\n  a: [", 2, "expected the node content"),
        ("users: {}\n---\nusers: {}", 2, "but found another document"),
    ],
)
def test_a_fault_is_named_with_its_line(file: Path, text: str, line: int, reason: str) -> None:
    """One line of text, file and line first, and no secret in it."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RecipientsFileError) as caught:
        load_recipients(file, KNOWN)
    error = str(caught.value)
    assert error.startswith(f"{file}:{line}: ")
    assert reason in error
    assert "secret" not in error
    assert "\n" not in error


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff", "is not UTF-8"),
        (b"users: \x00", "is not YAML"),
        (b"[" * 600, "is not YAML"),
    ],
)
def test_what_is_no_yaml_is_refused(file: Path, content: bytes, reason: str) -> None:
    """Where there is no line to point at, the file is named."""
    file.write_bytes(content)
    with pytest.raises(RecipientsFileError, match=f"recipients.yaml: {reason}"):
        load_recipients(file, KNOWN)


def test_a_missing_file_is_refused(file: Path) -> None:
    """With the system's own reason."""
    with pytest.raises(RecipientsFileError, match=r"recipients.yaml: No such file"):
        load_recipients(file, KNOWN)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary()
    | st.text(alphabet="users:groups contacts\n-[]{}&*!<>a1", max_size=60).map(str.encode)
)
def test_any_file_is_read_or_refused(file: Path, content: bytes) -> None:
    """Nothing but the file's own error is raised."""
    file.write_bytes(content)
    with suppress(RecipientsFileError):
        assert isinstance(load_recipients(file, KNOWN), Recipients)


def test_a_contact_names_those_who_stand_in_for_it(file: Path) -> None:
    """By their types, of the same user: the primary one of each, never itself, in order."""
    file.write_text(
        """\
users:
  a:
    contacts:
      - {type: feishu, address: "https://open.feishu.cn/open-apis/bot/v2/hook/one",
         fallback: [email, feishu, wecom], fallback_after: 300}
      - {type: email, address: first@x.example}
      - {type: email, address: second@x.example, primary: true, fallback: [feishu]}
      - {type: feishu, address: "https://open.feishu.cn/open-apis/bot/v2/hook/two", secret: s}
""",
        encoding="utf-8",
    )
    recipients = load_recipients(file, KNOWN)
    feishu, first, second, _ = recipients.users["a"].contacts
    two = "https://open.feishu.cn/open-apis/bot/v2/hook/two"
    assert feishu.fallback == Fallback(
        (("email", "second@x.example", NO_ACCESS), ("feishu", two, Access(secret="s"))), 300.0
    )
    assert "hook/two" not in repr(feishu.fallback)
    assert first.fallback is None
    assert second.fallback is not None
    assert [channel for channel, _, _ in second.fallback.steps] == ["feishu"]
    (warning,) = recipients.warnings.values()
    assert "has no other wecom contact" in warning
