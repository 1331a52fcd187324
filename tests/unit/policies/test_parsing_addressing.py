import pytest

from app.policies.parsing.addressing import contact_addresses
from app.values.recipients import Contact
from tests.support.messages import DISCORD_URL, HOOK_URL

OTHER_DISCORD_URL = "https://discord.com/api/webhooks/456/token"


@pytest.mark.parametrize(
    ("contacts", "channel", "addresses"),
    [
        ([], "webhook", ()),
        ([Contact("email", "a@b")], "webhook", ()),
        ([Contact("email", "a@b"), Contact("email", "c@d")], "email", ("a@b", "c@d")),
        ([Contact("email", "a@b"), Contact("email", "c@d", primary=True)], "email", ("c@d",)),
        ([Contact("webhook", DISCORD_URL)], "discord", (DISCORD_URL,)),
        ([Contact("discord", DISCORD_URL)], "webhook", (DISCORD_URL,)),
        ([Contact("webhook", HOOK_URL)], "discord", ()),
        (
            [Contact("webhook", DISCORD_URL, primary=True), Contact("discord", OTHER_DISCORD_URL)],
            "discord",
            (OTHER_DISCORD_URL,),
        ),
    ],
)
def test_a_user_is_reached_by_contacts_of_that_type(
    contacts: list[Contact], channel: str, addresses: tuple[str, ...]
) -> None:
    """Primary ones where any is marked; a URL of Discord's form serves both webhook types."""
    assert contact_addresses(contacts, channel) == addresses
