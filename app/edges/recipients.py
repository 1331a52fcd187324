"""The recipients file: YAML, checked whole, every fault with its line."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import yaml
from msgspec.structs import replace

from app.policies.addresses.webhook_headers import header_problem
from app.policies.channels import Channels
from app.values.channel import AddressKind
from app.values.errors import RecipientsFileError, UnroutableError
from app.values.notification import NO_ACCESS, Access, Fallback
from app.values.recipients import Contact, Group, Recipients, User

T = TypeVar("T")

MAX_KEYWORD = 100
MAX_SECONDS = 604_800
"""A week."""

_BOOLEAN = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_TRUE = {"true", "yes", "on"}
_CONTACT = (
    *("type", "address", "primary", "name", "headers", "secret", "keyword"),
    *("fallback", "fallback_after"),
)


def load_recipients(path: Path, channels: Channels) -> Recipients:
    """Read and check the recipients file.

    Raises:
        RecipientsFileError: It cannot be used; the text is ``file:line: reason``, and no address.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        recipients = _recipients(root, channels) if root is not None else Recipients()
    except OSError as error:
        raise RecipientsFileError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RecipientsFileError(f"{path}: is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecipientsFileError(f"{path}:{line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError):  # characters no YAML may have; nesting without end
        raise RecipientsFileError(f"{path}: is not YAML") from None
    except _FaultError as fault:
        raise RecipientsFileError(f"{path}:{fault.line}: {fault.reason}") from None
    warnings = {place: f"{path}:{text}" for place, text in recipients.warnings.items()}
    return replace(recipients, warnings=warnings)


class _FaultError(Exception):
    def __init__(self, node: yaml.Node, reason: str) -> None:
        super().__init__(reason)
        self.line = node.start_mark.line + 1
        self.reason = reason


def _recipients(root: yaml.Node, channels: Channels) -> Recipients:
    sections = _members(root, "the file", ("users", "groups"))
    warnings: dict[str, str] = {}
    users = {
        uuid.value: _user(node, f"users.{uuid.value}", channels, warnings)
        for uuid, node in _entries(sections.get("users"), "users")
    }
    groups: dict[str, Group] = {}
    uuids: set[str] = set()
    for name, node in _entries(sections.get("groups"), "groups"):
        group = _group(name.value, node, users)
        if group.uuid in uuids:
            raise _FaultError(node, f"groups.{group.key}.uuid: another group has it, too")
        if group.uuid is not None:
            uuids.add(group.uuid)
        groups[group.key] = group
    return Recipients(users, groups, warnings)


def _user(node: yaml.Node, place: str, channels: Channels, warnings: dict[str, str]) -> User:
    members = _members(node, place, ("name", "active", "contacts"))
    items = _items(members.get("contacts"), f"{place}.contacts")
    contacts = [
        _contact(each, f"{place}.contacts[{n}]", channels, warnings) for n, each in enumerate(items)
    ]
    named = [(contact, wanted) for contact, wanted in contacts if contact is not None]
    return User(
        contacts=tuple(_with_fallback(each, named, warnings) for each in named),
        name=_optional(members, "name", place, _text),
        active=_optional(members, "active", place, _flag) is not False,
    )


class _Wanted(NamedTuple):
    """The fallback that a contact names."""

    place: str  # where in the file
    line: int
    types: tuple[str, ...] = ()  # of contacts of the same user
    after: float | None = None  # seconds for which it may be broken


_Named = tuple[Contact, _Wanted]


def _contact(
    node: yaml.Node, place: str, channels: Channels, warnings: dict[str, str]
) -> tuple[Contact | None, _Wanted]:
    """Read one contact; None for one without an address, which is as good as absent."""
    members = _members(node, place, _CONTACT)
    wanted = _fallback(members, place, node, channels)
    channel = _text(_required(members, "type", node, place), f"{place}.type")
    if channel not in channels:
        raise _FaultError(members["type"], f"{place}.type: expected {', '.join(channels.names)}")
    kind = channels[channel].kind
    primary = _optional(members, "primary", place, _flag) or False
    name = _optional(members, "name", place, _text)
    access = _access(kind, members, place)
    if kind is AddressKind.NONE:
        return Contact(channel, channel, primary, name, access), wanted
    address_node = _required(members, "address", node, place)
    if _is_empty(address_node):
        line = address_node.start_mark.line + 1
        warnings[place] = f"{line}: {place}.address: is empty; the contact counts as absent"
        return None, wanted
    address = _text(address_node, f"{place}.address")
    if "@" in address.partition("://")[2].partition("/")[0] and kind is AddressKind.URL:
        _check_one_password(access, members, place)
    try:
        normal = channels.normalise(channel, address)
    except UnroutableError as error:
        raise _FaultError(address_node, f"{place}.address: {error}") from None
    return Contact(channel, normal, primary, name, access), wanted


def _fallback(
    members: dict[str, yaml.Node], place: str, node: yaml.Node, channels: Channels
) -> _Wanted:
    """Read whom to tell instead."""
    types = []
    for index, item in enumerate(_items(members.get("fallback"), f"{place}.fallback")):
        name = _text(item, f"{place}.fallback[{index}]")
        if name not in channels:
            expected = ", ".join(channels.names)
            raise _FaultError(item, f"{place}.fallback[{index}]: expected {expected}")
        types.append(name)
    after = _optional(members, "fallback_after", place, _seconds)
    if after is not None and not types:
        reason = f"{place}.fallback_after: there is no fallback beside it"
        raise _FaultError(members["fallback_after"], reason)
    return _Wanted(place, node.start_mark.line + 1, tuple(types), after)


def _with_fallback(named: _Named, every: Sequence[_Named], warnings: dict[str, str]) -> Contact:
    """Return a contact with the contacts that stand in for it: of each type the preferred one."""
    contact, wanted = named
    steps: dict[str, tuple[str, str, Access]] = {}
    for kind in wanted.types:
        others = [each for each, _ in every if each.type == kind and each is not contact]
        preferred = next((each for each in others if each.primary), None)
        chosen = preferred or next(iter(others), None)
        if chosen is None:
            place = f"{wanted.place}.fallback"
            problem = f"the user has no other {kind} contact; left out"
            warnings[place] = f"{wanted.line}: {place}: {problem}"
        elif chosen.address != contact.address:
            steps.setdefault(chosen.address, (chosen.type, chosen.address, chosen.access))
    if not steps:
        return contact
    return replace(contact, fallback=Fallback(tuple(steps.values()), wanted.after))


def _check_one_password(access: Access, members: dict[str, yaml.Node], place: str) -> None:
    if any(name.lower() == "authorization" for name, _ in access.headers):
        problem = "the address has a name and password already; take out one of the two"
        raise _FaultError(members["headers"], f"{place}.headers.Authorization: {problem}")


def _access(kind: AddressKind, members: dict[str, yaml.Node], place: str) -> Access:
    """Read credentials. Errors do not show their values."""
    for name in ("headers", "secret", "keyword"):
        if name in members and kind is not AddressKind.URL:
            raise _FaultError(members[name], f"{place}.{name}: only webhooks have any")
    headers = []
    for key, node in _entries(members.get("headers"), f"{place}.headers"):
        value = _text(node, f"{place}.headers.{key.value}")
        if problem := header_problem(key.value, value):
            raise _FaultError(key, f"{place}.headers: {problem}")
        headers.append((key.value, value))
    secret = _optional(members, "secret", place, _text)
    keyword = _optional(members, "keyword", place, _text)
    if keyword is not None and (not keyword.isprintable() or len(keyword) > MAX_KEYWORD):
        problem = f"expected one line of at most {MAX_KEYWORD} characters"
        raise _FaultError(members["keyword"], f"{place}.keyword: {problem}")
    if headers or secret or keyword:
        return Access(tuple(headers), secret, keyword)
    return NO_ACCESS


def _group(key: str, node: yaml.Node, users: dict[str, User]) -> Group:
    place = f"groups.{key}"
    parts = _members(node, place, ("uuid", "name", "members"))
    uuid = _optional(parts, "uuid", place, _text)
    members = []
    for index, item in enumerate(
        _items(_required(parts, "members", node, place), f"{place}.members")
    ):
        member = _text(item, f"{place}.members[{index}]")
        if member not in users:
            raise _FaultError(item, f"{place}.members[{index}]: {member!r} is not under users")
        members.append(member)
    name = _optional(parts, "name", place, _text)
    return Group(key, tuple(dict.fromkeys(members)), uuid, name)


def _optional(
    members: dict[str, yaml.Node], name: str, place: str, read: Callable[[yaml.Node, str], T]
) -> T | None:
    return read(members[name], f"{place}.{name}") if name in members else None


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and (node.tag == _NULL or not node.value.strip())


def _entries(node: yaml.Node | None, place: str) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Yield a mapping's keys and values; an absent or empty one has none."""
    if node is None or node.tag == _NULL:
        return
    if not isinstance(node, yaml.MappingNode):
        raise _FaultError(node, f"{place}: expected a mapping")
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or not key.value:
            raise _FaultError(key, f"{place}: expected a name as key")
        if key.value in seen:
            raise _FaultError(key, f"{place}: {key.value!r} is there twice")
        seen.add(key.value)
        yield key, value


def _members(node: yaml.Node, place: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
    members = {}
    for key, value in _entries(node, place):
        if key.value not in known:
            raise _FaultError(
                key, f"{place}: {key.value!r} is unknown; expected {', '.join(known)}"
            )
        members[key.value] = value
    return members


def _required(members: dict[str, yaml.Node], name: str, parent: yaml.Node, place: str) -> yaml.Node:
    if name not in members:
        raise _FaultError(parent, f"{place}: {name} is missing")
    return members[name]


def _items(node: yaml.Node | None, place: str) -> list[yaml.Node]:
    if node is None or node.tag == _NULL:
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise _FaultError(node, f"{place}: expected a list")
    return list(node.value)


def _text(node: yaml.Node, place: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag == _NULL or not node.value:
        raise _FaultError(node, f"{place}: expected a text")
    return str(node.value)


def _seconds(node: yaml.Node, place: str) -> float:
    try:
        seconds = float(node.value) if isinstance(node, yaml.ScalarNode) else -1.0
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_SECONDS:
        raise _FaultError(node, f"{place}: expected seconds, 0 to {MAX_SECONDS}")
    return seconds


def _flag(node: yaml.Node, place: str) -> bool:
    if node.tag != _BOOLEAN:
        raise _FaultError(node, f"{place}: expected true or false")
    return str(node.value).lower() in _TRUE
