from app.values.recipients import Contact, Group, Recipients


def test_without_arguments_nobody_is_known() -> None:
    """What is in force where there is no recipients file."""
    assert Recipients() == Recipients({}, {})


def test_groups_are_found_by_uuid() -> None:
    """Those that have one."""
    traders = Group("traders", ("a",), "group-456")
    recipients = Recipients({"a": ()}, {"traders": traders, "rest": Group("rest", ())})
    assert recipients.groups_by_uuid == {"group-456": traders}


def test_a_contacts_repr_keeps_the_address() -> None:
    """Webhook URLs are secrets."""
    shown = repr(Recipients({"a": (Contact("webhook", "https://example.com/secret"),)}))
    assert "secret" not in shown
    assert "Contact(type='webhook', primary=False)" in shown
