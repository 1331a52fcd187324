"""The recipients file: YAML, checked whole, every fault with its line."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from app.policies.addresses import normalise_mail, normalise_webhook
from app.policies.parsing.channels import CHANNELS
from app.values.errors import RecipientsFileError, UnroutableError
from app.values.recipients import Contact, Group, Recipients

_BOOLEAN = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_TRUE = {"true", "yes", "on"}


def load_recipients(path: Path) -> Recipients:
    """Read and check the recipients file.

    Raises:
        RecipientsFileError: It cannot be used; the text is ``file:line: reason``, and no address.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        return _recipients(root) if root is not None else Recipients()
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


class _FaultError(Exception):
    def __init__(self, node: yaml.Node, reason: str) -> None:
        super().__init__(reason)
        self.line = node.start_mark.line + 1
        self.reason = reason


def _recipients(root: yaml.Node) -> Recipients:
    sections = _members(root, "the file", ("users", "groups"))
    users = {
        uuid.value: _contacts(node, f"users.{uuid.value}")
        for uuid, node in _entries(sections.get("users"), "users")
    }
    groups: dict[str, Group] = {}
    uuids: set[str] = set()
    for name, node in _entries(sections.get("groups"), "groups"):
        group = _group(name.value, node, users)
        if group.uuid in uuids:
            raise _FaultError(node, f"groups.{group.name}.uuid: another group has it, too")
        if group.uuid is not None:
            uuids.add(group.uuid)
        groups[group.name] = group
    return Recipients(users, groups)


def _contacts(node: yaml.Node, place: str) -> tuple[Contact, ...]:
    members = _members(node, place, ("contacts",))
    items = _items(members.get("contacts"), f"{place}.contacts")
    return tuple(_contact(item, f"{place}.contacts[{index}]") for index, item in enumerate(items))


def _contact(node: yaml.Node, place: str) -> Contact:
    members = _members(node, place, ("type", "address", "primary"))
    kind = _text(_required(members, "type", node, place), f"{place}.type")
    if kind not in CHANNELS:
        raise _FaultError(members["type"], f"{place}.type: expected {', '.join(CHANNELS)}")
    primary = _flag(members["primary"], f"{place}.primary") if "primary" in members else False
    if kind == "console":
        return Contact(kind, "console", primary)
    address_node = _required(members, "address", node, place)
    address = _text(address_node, f"{place}.address")
    check = normalise_mail if kind == "email" else normalise_webhook
    try:
        return Contact(kind, check(address), primary)
    except UnroutableError as error:
        raise _FaultError(address_node, f"{place}.address: {error}") from None


def _group(name: str, node: yaml.Node, users: dict[str, tuple[Contact, ...]]) -> Group:
    place = f"groups.{name}"
    parts = _members(node, place, ("uuid", "members"))
    uuid = _text(parts["uuid"], f"{place}.uuid") if "uuid" in parts else None
    members = []
    for index, item in enumerate(
        _items(_required(parts, "members", node, place), f"{place}.members")
    ):
        member = _text(item, f"{place}.members[{index}]")
        if member not in users:
            raise _FaultError(item, f"{place}.members[{index}]: {member!r} is not under users")
        members.append(member)
    return Group(name, tuple(dict.fromkeys(members)), uuid)


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


def _flag(node: yaml.Node, place: str) -> bool:
    if node.tag != _BOOLEAN:
        raise _FaultError(node, f"{place}: expected true or false")
    return str(node.value).lower() in _TRUE
