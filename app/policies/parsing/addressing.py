"""Addressing: finds the recipients, and the contacts by which they are reached."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from app.policies.channels import Channels
from app.policies.parsing.channels import check_known, read_channels, unknown_channel
from app.policies.parsing.contacts import (
    contacts_for,
    own_addresses,
    own_request,
    preferred_contacts,
    request_for,
)
from app.policies.parsing.extras import KwargsWire
from app.policies.parsing.fitting import text_of
from app.values.channel import AddressKind
from app.values.errors import InvalidRecordError, UnroutableError
from app.values.note import Note
from app.values.notification import Request
from app.values.recipients import Recipients, User

_NOBODY = "the message names no recipient: add user_uuid, group_name or group_uuid"
_LONGEST_NAME = 100
_NO_KWARGS = KwargsWire()

Given = str | list[Any] | None
Requests = tuple[Request, ...]


class Named(NamedTuple):
    """The recipients of a typed message: users if it has any, else group uuid, else group name."""

    user_uuid: str | None
    user_uuids: str | list[Any] | None
    group_uuid: str | None
    group_name: str | None


class _Addressees(NamedTuple):
    """The recipients of a message.

    Attributes:
        words: Names them in errors.
        users: Those who are active.
        inactive: How many are not, and so get nothing.
        unknown: A request for each that is not in the recipients file.
    """

    words: str
    users: Sequence[User]
    inactive: int = 0
    unknown: Requests = ()


def address(
    named: Named,
    given: Given,
    kwargs: KwargsWire | None,
    recipients: Recipients,
    channels: Channels,
) -> Requests:
    """Return the requests that reach all recipients of a typed message.

    There are none if all of them are inactive.

    Args:
        named: The recipients.
        given: The channels, as the message names them; none for each user's primary contacts.
        kwargs: Has the producer's own addresses, for a message that names nobody.
        recipients: Where users and groups are looked up.
        channels: All that exist.

    Raises:
        InvalidRecordError: It names channels, but none by a name.
        UnroutableError: It names no known recipient, or no channel reaches one.
    """
    wanted = read_channels(given, channels) if given else ()
    addressees = _addressees(named, recipients)
    if addressees is None:
        own = tuple(_own(wanted, kwargs or _NO_KWARGS, channels))
        if not own:
            raise UnroutableError(_NOBODY)
        return own
    return _reach(addressees, wanted, channels)


def address_envelope(
    given: Given,
    kwargs: KwargsWire | None,
    user_uuid: str | None,
    recipients: Recipients,
    channels: Channels,
) -> Requests:
    """Return the requests of an envelope, one for each channel.

    Each channel gets the producer's own address, else the contacts of a user who is in the
    recipients file, else none: what is for one person never goes to the default destination.
    Without channels, such a user is reached as by a typed message.

    Raises:
        InvalidRecordError: It names no channel, and no known user.
        UnroutableError: It names no channel that is known, or its user cannot be reached.
    """
    user = recipients.users.get(user_uuid) if user_uuid else None
    if not given:
        if user is None or not user_uuid:
            problem = "is missing" if given is None else "must name at least one channel"
            raise InvalidRecordError(problem, "channels")
        return _reach(_user(user_uuid, recipients), (), channels)
    kwargs = kwargs or _NO_KWARGS
    requests = []
    for channel in read_channels(given, channels):
        if channel not in channels:
            requests.append(unknown_channel(channel, channels))
            continue
        kind = channels[channel].kind
        if addresses := own_addresses(kind, kwargs):
            requests.append(own_request(channel, kind, addresses, kwargs))
        elif user is None or kind is AddressKind.NONE:
            requests.append(Request(channel))
        elif user.active:
            requests.append(_request(f"user {user_uuid!r}", (user,), channel, channels))
    check_known(requests)
    return tuple(requests)


def _addressees(named: Named, recipients: Recipients) -> _Addressees | None:
    """Find the recipients; None if the message names none.

    Raises:
        UnroutableError: None of them is in the recipients file.
    """
    if named.user_uuid and not named.user_uuids:
        return _user(named.user_uuid, recipients)
    if uuids := _all_users(named):
        return _users(uuids, recipients)
    if named.group_uuid:
        group = recipients.groups_by_uuid.get(named.group_uuid)
        if group is None:
            raise UnroutableError(_unknown("group with uuid", named.group_uuid, "groups"))
    elif named.group_name:
        group = recipients.groups_by_name.get(named.group_name)
        if group is None:
            raise UnroutableError(_unknown("group", named.group_name, "groups"))
    else:
        return None
    members = [recipients.users[member] for member in group.members]
    active = [user for user in members if user.active]
    return _Addressees(f"group {group.key!r}", active, len(members) - len(active))


def _all_users(named: Named) -> tuple[str, ...]:
    several = named.user_uuids or ()
    several = [several] if isinstance(several, str) else several
    uuids = (named.user_uuid, *(text_of(each) for each in several if each is not None))
    return tuple(dict.fromkeys(filter(None, uuids)))


def _user(uuid: str, recipients: Recipients) -> _Addressees:
    user = recipients.users.get(uuid)
    if user is None:
        raise UnroutableError(_unknown_user(uuid))
    return _Addressees(f"user {uuid!r}", (user,) if user.active else (), not user.active)


def _users(uuids: Sequence[str], recipients: Recipients) -> _Addressees:
    known = [uuid for uuid in uuids if uuid in recipients.users]
    if not known:
        raise UnroutableError(_unknown_user(uuids[0]))
    strangers = () if len(known) == len(uuids) else set(uuids).difference(known)
    unknown = tuple(
        Request("unknown", (f"user {uuid!r}",), problem=Note("user_uuids", _unknown_user(uuid)))
        for uuid in uuids
        if uuid in strangers
    )
    users = [user for uuid in known if (user := recipients.users[uuid]).active]
    words = f"user {known[0]!r}"
    if len(known) > 1:
        words = f"{words} and {len(known) - 1} more"
    return _Addressees(words, users, len(known) - len(users), unknown)


def _reach(addressees: _Addressees, named: Sequence[str], channels: Channels) -> Requests:
    """Return the requests for active users; none if all are inactive."""
    if addressees.inactive and not addressees.users:
        return addressees.unknown
    words = addressees.words
    if named:
        wanted = tuple(named)
        requests = [
            _request(words, addressees.users, channel, channels)
            if channel in channels
            else unknown_channel(channel, channels)
            for channel in named
        ]
    else:
        preferred = [each for user in addressees.users for each in preferred_contacts(user)]
        present = {contact.type for contact in preferred}
        wanted = tuple(channel for channel in channels.names if channel in present)
        requests = [
            request_for(channel, [each for each in preferred if each.type == channel], words)
            for channel in wanted
        ]
    for request in requests:
        if request.addresses and request.problem is None:
            return (*requests, *addressees.unknown)
    check_known(requests)
    means = f"contact for {', '.join(wanted)}" if wanted else "contacts"
    raise UnroutableError(f"{words} has no {means} in the recipients file")


def _own(wanted: Iterable[str], kwargs: KwargsWire, channels: Channels) -> Iterator[Request]:
    for channel in wanted:
        if channel not in channels:
            yield unknown_channel(channel, channels)
            continue
        kind = channels[channel].kind
        if addresses := own_addresses(kind, kwargs):
            yield own_request(channel, kind, addresses, kwargs)


def _request(words: str, users: Sequence[User], channel: str, channels: Channels) -> Request:
    if channels[channel].kind is AddressKind.NONE:
        return Request(channel, (channel,), words)  # it has one address, the same for everybody
    if len(users) == 1:
        return request_for(channel, contacts_for(users[0].contacts, channel, channels), words)
    contacts = [
        contact for user in users for contact in contacts_for(user.contacts, channel, channels)
    ]
    return request_for(channel, contacts, words)


def _unknown_user(uuid: str) -> str:
    return _unknown("user", uuid, "users")


def _unknown(kind: str, name: str, section: str) -> str:
    shown = repr(name[:_LONGEST_NAME])
    return f"{kind} {shown} is unknown: add it to {section} in the recipients file"
