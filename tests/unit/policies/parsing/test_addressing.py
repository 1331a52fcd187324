from typing import Any

import pytest
from msgspec.structs import replace

from app.policies.parsing.contacts import contacts_for
from app.values.errors import InvalidRecordError, UnroutableError
from app.values.notification import Access, Request
from app.values.recipients import Contact, Recipients, User
from tests.support.channels import KNOWN
from tests.support.messages import DISCORD_URL, HOOK_URL, envelope, read, recipients, typed

OTHER_DISCORD_URL = "https://discord.com/api/webhooks/456/token"
TRADER = "user 'trader-001'"
ACCESS = Access((("Authorization", "Bearer the-token"),), "the-secret", "交易")


def requests_of(message: dict[str, Any], *contacts: Contact) -> tuple[Request, ...]:
    """Return what a message asks for, where ``trader-001`` has these contacts."""
    return read(message, Recipients({"trader-001": User(contacts)})).requests


@pytest.mark.parametrize(
    ("contacts", "channel", "addresses"),
    [
        ([], "webhook", []),
        ([Contact("email", "a@b")], "webhook", []),
        ([Contact("email", "a@b"), Contact("email", "c@d")], "email", ["a@b", "c@d"]),
        ([Contact("email", "a@b"), Contact("email", "c@d", primary=True)], "email", ["c@d"]),
        ([Contact("webhook", DISCORD_URL)], "discord", [DISCORD_URL]),
        ([Contact("discord", DISCORD_URL)], "webhook", [DISCORD_URL]),
        ([Contact("webhook", HOOK_URL)], "discord", []),
        (
            [Contact("webhook", DISCORD_URL, primary=True), Contact("discord", OTHER_DISCORD_URL)],
            "discord",
            [OTHER_DISCORD_URL],
        ),
    ],
)
def test_a_channel_reaches_a_user_by_contacts_of_that_type(
    contacts: list[Contact], channel: str, addresses: list[str]
) -> None:
    """Primary ones where any is marked; a URL of Discord's form serves both webhook types."""
    assert [contact.address for contact in contacts_for(contacts, channel, KNOWN)] == addresses


@pytest.mark.parametrize(
    ("contacts", "requests"),
    [
        (
            [Contact("webhook", HOOK_URL, primary=True), Contact("email", "a@b.example")],
            [("webhook", HOOK_URL)],
        ),
        (
            [Contact("webhook", HOOK_URL), Contact("email", "a@b.example", primary=True)],
            [("email", "a@b.example")],
        ),
        (
            [Contact("webhook", HOOK_URL), Contact("email", "a@b.example")],
            [("webhook", HOOK_URL), ("email", "a@b.example")],
        ),
        (
            [
                Contact("discord", DISCORD_URL, primary=True),
                Contact("console", "console", primary=True),
                Contact("webhook", HOOK_URL),
            ],
            [("discord", DISCORD_URL), ("console", "console")],
        ),
    ],
)
def test_without_channels_a_user_is_reached_by_the_primary_contacts(
    contacts: list[Contact], requests: list[tuple[str, str]]
) -> None:
    """Of whatever type, as in the original; by all of them where none is primary."""
    message = typed("simple", content="x")
    assert requests_of(message, *contacts) == tuple(
        Request(channel, (address,), TRADER) for channel, address in requests
    )


def test_each_member_of_a_group_has_primary_contacts_of_his_own() -> None:
    """One is reached by mail alone, the other by everything."""
    known = Recipients(
        {
            "a": User(
                (Contact("webhook", HOOK_URL), Contact("email", "a@b.example", primary=True))
            ),
            "b": User((Contact("webhook", DISCORD_URL), Contact("email", "b@b.example"))),
        },
        {"g": replace(recipients().groups["traders"], key="g", members=("a", "b"))},
    )
    told = read({"message_type": "simple", "content": "x", "group_name": "g"}, known)
    assert [(request.channel, request.addresses) for request in told.requests] == [
        ("webhook", (DISCORD_URL,)),
        ("email", ("a@b.example", "b@b.example")),
    ]


def test_a_group_goes_by_its_key_and_by_its_name() -> None:
    """As people call it, or as the file does."""
    by_key = read(typed("simple", content="x", group_name="traders")).requests
    assert read(typed("simple", content="x", group_name="Traders")).requests == by_key


@pytest.mark.parametrize(
    "message",
    [
        typed("simple", content="x", user_uuid="away"),
        typed("simple", content="x", user_uuid="away", channels=["webhook", "console"]),
        typed("custom_fields", content="x", user_uuids=["away"], fields=[]),
        typed("simple", content="x", group_name="holiday"),
        envelope(channels=["webhook", "email"], metadata={"user_uuid": "away"}),
        {"content": "x", "metadata": {"user_uuid": "away"}},
    ],
)
def test_an_inactive_user_gets_nothing(message: dict[str, Any]) -> None:
    """On purpose: nothing is asked of any channel, and nothing is wrong."""
    assert read(message).requests == ()


def test_an_inactive_user_keeps_nothing_from_the_others() -> None:
    """Those of the group who are active are told."""
    (request,) = read(typed("simple", content="x", group_name="System")).requests
    assert request.addresses == ("admin@example.com", "b@example.com")


def test_the_producers_own_address_is_not_the_inactive_users() -> None:
    """The webhook that it names is told; the user, who would be mailed, is not."""
    message = envelope(
        channels=["webhook", "email"],
        metadata={"user_uuid": "away"},
        kwargs={"webhook_url": DISCORD_URL},
    )
    assert read(message).requests == (Request("webhook", (DISCORD_URL,)),)


def test_what_is_for_one_person_never_goes_to_the_shared_destination() -> None:
    """A user who is in the file has no webhook: that target fails, no default steps in."""
    message = envelope(channels=["webhook", "email"], metadata={"user_uuid": "admin"})
    webhook, email = read(message).requests
    assert (webhook.addresses, webhook.recipient) == ((), "user 'admin'")
    assert email.addresses == ("admin@example.com", "b@example.com")


def test_an_envelope_without_channels_reaches_its_user() -> None:
    """As a typed message would; one who is not in the file cannot be reached."""
    message = {"content": "x", "metadata": {"user_uuid": "trader-001"}}
    assert read(message).requests == read(typed("simple", content="x")).requests
    with pytest.raises(InvalidRecordError, match="channels: is missing"):
        read({"content": "x", "metadata": {"user_uuid": "test-user"}})
    with pytest.raises(UnroutableError, match="user 'nobody' has no contacts"):
        read({"content": "x", "metadata": {"user_uuid": "nobody"}})


def test_what_a_contact_asks_for_goes_with_its_address() -> None:
    """Headers, secret and keyword; other addresses get none of them."""
    contacts = Contact("webhook", HOOK_URL, access=ACCESS), Contact("webhook", DISCORD_URL)
    (request,) = requests_of(typed("simple", content="x"), *contacts)
    assert request.addresses == (HOOK_URL, DISCORD_URL)
    assert request.access == ((HOOK_URL, ACCESS),)
    assert "the-" not in repr(request)


def test_the_producers_own_secret_goes_with_its_own_address() -> None:
    """``kwargs.secret`` is for the robot at ``kwargs.webhook_url``, and for nobody else."""
    message = envelope(
        channels=["webhook", "email"],
        kwargs={"webhook_url": HOOK_URL, "secret": "own", "to": "a@b.example"},
    )
    webhook, email = read(message).requests
    assert webhook.access == ((HOOK_URL, Access(secret="own")),)
    assert email.access == ()
