"""Addressing: who is meant, and by which of their contacts they are reached."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from app.policies.addresses import discord_webhook_id
from app.policies.parsing.channels import CHANNELS, check_known, read_channels, unknown_channel
from app.policies.parsing.extras import KwargsWire, mail_addresses
from app.policies.parsing.fitting import text_of
from app.values.errors import UnroutableError
from app.values.note import Note
from app.values.notification import Request
from app.values.recipients import Contact, Recipients

_TWINS = {"webhook": "discord", "discord": "webhook"}
_NOBODY = "the message names no recipient: add user_uuid, group_name or group_uuid"
_LONGEST_NAME = 100

Channels = str | list[Any] | None


class Named(NamedTuple):
    """Whom a typed message names. Where it names users, they count; then group uuid, then name."""

    user_uuid: str | None
    user_uuids: str | list[Any] | None
    group_uuid: str | None
    group_name: str | None

    @property
    def users(self) -> tuple[str, ...]:
        """The users, each once."""
        if not self.user_uuids:
            return (self.user_uuid,) if self.user_uuid else ()
        several = self.user_uuids
        several = [several] if isinstance(several, str) else several
        uuids = (self.user_uuid, *(text_of(each) for each in several if each is not None))
        return tuple(dict.fromkeys(filter(None, uuids)))


class _Addressees(NamedTuple):
    """Whom a message reaches.

    Attributes:
        words: Who they are, for errors.
        contacts: Those of each.
        unknown: Of those that it names, each that is not in the recipients file.
    """

    words: str
    contacts: list[tuple[Contact, ...]]
    unknown: tuple[Request, ...] = ()


def address(
    named: Named, channels: Channels, kwargs: KwargsWire | None, recipients: Recipients
) -> tuple[Request, ...]:
    """Return what to ask of each channel to reach everybody who is meant, each address once.

    Args:
        named: Whom the message names.
        channels: As the message names them; none for every channel that reaches somebody.
        kwargs: Has the producer's own addresses, for a message that names nobody.
        recipients: Where users and groups are looked up.

    Raises:
        InvalidRecordError: It names channels, but none by a name.
        UnroutableError: It names nobody who is known, or no channel reaches anybody.
    """
    wanted = read_channels(channels) if channels else ()
    addressees = _addressees(named, recipients)
    if addressees is None:
        requests = tuple(_own(wanted, kwargs or KwargsWire()))
        if not requests:
            raise UnroutableError(_NOBODY)
        return requests
    if not wanted:
        present = {contact.type for contacts in addressees.contacts for contact in contacts}
        wanted = tuple(name for name in CHANNELS if name in present)
    requests = tuple(_request(addressees, channel) for channel in wanted)
    for request in requests:
        if request.addresses and request.problem is None:
            return requests + addressees.unknown
    check_known(requests)
    means = f"contact for {', '.join(wanted)}" if wanted else "contacts"
    raise UnroutableError(f"{addressees.words} has no {means} in the recipients file")


def contact_addresses(contacts: Iterable[Contact], channel: str) -> tuple[str, ...]:
    """Return how one user is reached by a channel; empty where not at all.

    The contacts of that type: those marked primary, or all where none is. A URL of Discord's form
    serves ``webhook`` and ``discord`` alike, whichever of the two types it was written down as.
    """
    contacts = tuple(contacts)
    found = [contact for contact in contacts if contact.type == channel]
    if not found and channel in _TWINS:
        twins = (contact for contact in contacts if contact.type == _TWINS[channel])
        found = [contact for contact in twins if discord_webhook_id(contact.address)]
    primary = [contact for contact in found if contact.primary]
    return tuple(contact.address for contact in primary or found)


def own_addresses(channel: str, kwargs: KwargsWire) -> tuple[str, ...]:
    """Return where the producer itself says that a channel leads."""
    if channel == "email":
        return mail_addresses(kwargs.to)
    if channel == "console" or kwargs.webhook_url is None:
        return ()
    url = kwargs.webhook_url.strip()
    return (url,) if url else ()


def _addressees(named: Named, recipients: Recipients) -> _Addressees | None:
    """Find who is meant; None where nobody is named.

    Raises:
        UnroutableError: Nobody who is named is in the recipients file.
    """
    uuids = named.users
    if uuids:
        return _users(uuids, recipients)
    if named.group_uuid:
        group = recipients.groups_by_uuid.get(named.group_uuid)
        if group is None:
            raise UnroutableError(_unknown("group with uuid", named.group_uuid, "groups"))
    elif named.group_name:
        group = recipients.groups.get(named.group_name)
        if group is None:
            raise UnroutableError(_unknown("group", named.group_name, "groups"))
    else:
        return None
    members = [recipients.users[member] for member in group.members]
    return _Addressees(f"group {group.name!r}", members)


def _users(uuids: Sequence[str], recipients: Recipients) -> _Addressees:
    known = [uuid for uuid in uuids if uuid in recipients.users]
    strangers = () if len(known) == len(uuids) else set(uuids).difference(known)
    unknown = tuple(
        Request("unknown", (f"user {uuid!r}",), problem=Note("user_uuids", _unknown_user(uuid)))
        for uuid in uuids
        if uuid in strangers
    )
    if not known:
        raise UnroutableError(_unknown_user(uuids[0]))
    others = f" and {len(known) - 1} more" if len(known) > 1 else ""
    contacts = [recipients.users[uuid] for uuid in known]
    return _Addressees(f"user {known[0]!r}{others}", contacts, unknown)


def _own(wanted: Iterable[str], kwargs: KwargsWire) -> Iterator[Request]:
    for channel in wanted:
        if channel not in CHANNELS:
            yield unknown_channel(channel)
        elif addresses := own_addresses(channel, kwargs):
            yield Request(channel, addresses)


def _request(addressees: _Addressees, channel: str) -> Request:
    if channel not in CHANNELS:
        return unknown_channel(channel)
    addresses = [
        address
        for contacts in addressees.contacts
        for address in contact_addresses(contacts, channel)
    ]
    if channel == "console":
        addresses = ["console"]  # there is but one, whoever is meant
    return Request(channel, tuple(dict.fromkeys(addresses)), addressees.words)


def _unknown_user(uuid: str) -> str:
    return _unknown("user", uuid, "users")


def _unknown(kind: str, name: str, section: str) -> str:
    shown = repr(name[:_LONGEST_NAME])
    return f"{kind} {shown} is unknown: add it to {section} in the recipients file"
