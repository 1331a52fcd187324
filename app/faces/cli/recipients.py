"""``notifier recipients``: who is in the recipients file, and who would get a notification."""

import click

from app.edges.channels import CHANNELS
from app.edges.recipients import load_recipients
from app.faces.cli.columns import pad
from app.faces.cli.output import CONTEXT, echo, plain_errors, say
from app.language.speaking import translate
from app.policies.channels import Channels
from app.policies.redaction import redact
from app.settings.load import load_from_process
from app.settings.models import env_name
from app.values.errors import NotifierError
from app.values.recipients import Contact, Group, Recipients, User

_KIND_WIDTH = 7


@click.group("recipients", context_settings=CONTEXT, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List users and groups of the recipients file."""
    if context.invoked_subcommand is not None:
        return
    with plain_errors():
        recipients = _load()
    for key, user in recipients.users.items():
        ways = ", ".join(dict.fromkeys(contact.type for contact in user.contacts)) or translate(
            "no contacts"
        )
        echo(f"{pad(translate('user'), _KIND_WIDTH)}{_named(key, user.name)}: {ways}{_quiet(user)}")
    for key, group in recipients.groups.items():
        members = ", ".join(group.members) or translate("nobody")
        echo(f"{pad(translate('group'), _KIND_WIDTH)}{_named(key, group.name)}: {members}")


@command.command()
@click.argument("who", metavar="USER|GROUP")
@click.pass_context
def show(context: click.Context, who: str) -> None:
    """Show who is reached through a user or group, and at which addresses.

    Exit status 1 if there is no such user or group.
    """
    with plain_errors():
        recipients = _load()
    users = _members(recipients, who)
    if users is None:
        say(f"{who}: neither a user nor a group of the recipients file", err=True)
        context.exit(1)
    for key in users:
        user = recipients.users[key]
        echo(f"{_named(key, user.name)}{_quiet(user)}")
        primary = [contact for contact in user.contacts if contact.primary] or user.contacts
        for contact in user.contacts:
            echo(f"  {_line(contact, told=contact in primary)}")
        if not user.contacts:
            echo(f"  {translate('no contacts: what is for this user is a dead letter')}")


def _load() -> Recipients:
    path = load_from_process().settings.recipients_file
    if path is None:
        raise NotifierError(f"no recipients file is set ({env_name('recipients_file')})")
    return load_recipients(path, Channels(CHANNELS))


def _members(recipients: Recipients, who: str) -> tuple[str, ...] | None:
    """Return the users that a name means, or None if it means nobody."""
    if who in recipients.users:
        return (who,)
    group: Group | None = recipients.groups.get(who) or recipients.groups_by_uuid.get(who)
    if group is None:
        group = next((each for each in recipients.groups.values() if each.name == who), None)
    return group.members if group else None


def _line(contact: Contact, *, told: bool) -> str:
    name = f" ({contact.name})" if contact.name else ""
    address = redact(contact.address, CHANNELS)
    only = "" if told else f"  {translate('only if its channel is named')}"
    return f"{contact.type:<8} {address}{name}{only}"


def _named(key: str, name: str | None) -> str:
    return f"{key} ({name})" if name and name != key else key


def _quiet(user: User) -> str:
    return "" if user.active else f"  {translate('(inactive: gets nothing)')}"
