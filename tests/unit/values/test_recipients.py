from app.values.notification import Access
from app.values.recipients import Contact, Group, Recipients, User


def test_without_arguments_nobody_is_known() -> None:
    """What is in force where there is no recipients file."""
    assert Recipients() == Recipients({}, {})


def test_groups_are_found_by_uuid() -> None:
    """Those that have one."""
    traders = Group("traders", ("a",), "group-456")
    recipients = Recipients({"a": User()}, {"traders": traders, "rest": Group("rest", ())})
    assert recipients.groups_by_uuid == {"group-456": traders}


def test_groups_are_found_by_key_and_by_name() -> None:
    """Where one group is called what is another's key, the key counts."""
    traders, ops = Group("traders", (), name="Traders"), Group("ops", (), name="traders")
    recipients = Recipients({}, {"traders": traders, "ops": ops})
    assert recipients.groups_by_name == {"traders": traders, "Traders": traders, "ops": ops}


def test_a_contacts_repr_keeps_its_secrets() -> None:
    """Webhook URLs are secrets, and so is what lets a request in there."""
    access = Access((("Authorization", "Bearer secret"),), "secret")
    contact = Contact("webhook", "https://example.com/secret", name="risk room", access=access)
    shown = repr((Recipients({"a": User((contact,))}), access))
    assert "secret" not in shown
    assert "Contact(type='webhook', primary=False, name='risk room')" in shown


def test_what_must_not_be_shown_of_an_access_is_known() -> None:
    """A header's whole value and the token in it, and the secret."""
    access = Access((("Authorization", "Bearer token"), ("X-Key", "key")), "s")
    assert access.secrets == ("Bearer token", "key", "token", "s")
