"""Turns Ginkgo's recipients and templates into this service's files."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import yaml

from app.policies.channels import Channels
from app.values.errors import UnroutableError

CONTACT_TYPES = {1: "email", 2: "webhook", 3: "discord"}
"""The original's ``CONTACT_TYPES``: EMAIL, WEBHOOK, DISCORD."""
SYSTEM_GROUP = "System"
"""Whom ``custom_fields`` messages that name nobody are for: the notification recipients."""
_EMBEDDED = 3
_TEMPLATE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PARTS = ("title", "content", "color", "url", "author", "footer", "fields")

Row = Mapping[str, Any]


class Tables(msgspec.Struct, frozen=True):
    """Rows of the original's tables, by column; those that were deleted there are left out."""

    users: Sequence[Row]
    contacts: Sequence[Row]
    groups: Sequence[Row]
    memberships: Sequence[Row]
    system_recipients: Sequence[Row] = ()


class Imported(msgspec.Struct, frozen=True):
    """The files that were made."""

    document: str  # the recipients file as YAML
    users: int
    groups: int
    # entries that could not be taken over, each with its reason and without addresses
    left_out: tuple[str, ...]


class ImportedTemplates(msgspec.Struct, frozen=True):
    """Message templates by file name, and those that could not be taken over."""

    files: Mapping[str, str]
    left_out: tuple[str, ...]


def import_recipients(tables: Tables, channels: Channels) -> Imported:
    """Return the tables as a recipients file."""
    left_out: list[str] = []
    contacts = _contacts(tables, channels, left_out)
    users: dict[str, dict[str, Any]] = {}
    for row in tables.users:
        user: dict[str, Any] = {}
        if name := row.get("display_name") or row.get("username"):
            user["name"] = str(name)
        if not row.get("is_active", True):
            user["active"] = False
        user["contacts"] = contacts.get(str(row["uuid"]), [])
        users[str(row["uuid"])] = user
    groups = _groups(tables, users, left_out)
    document = yaml.safe_dump(
        {"users": users, "groups": groups}, allow_unicode=True, sort_keys=False, width=1000
    )
    return Imported(document, len(users), len(groups), tuple(left_out))


def _contacts(
    tables: Tables, channels: Channels, left_out: list[str]
) -> dict[str, list[dict[str, Any]]]:
    known = {str(row["uuid"]) for row in tables.users}
    contacts: dict[str, list[dict[str, Any]]] = {}
    for row in tables.contacts:
        owner, kind = str(row["user_id"]), CONTACT_TYPES.get(row["contact_type"])
        place = f"a contact of {owner}"
        if owner not in known:
            left_out.append(f"{place}: there is no such user")
        elif not row.get("is_active", True):
            left_out.append(f"{place}: it is switched off")
        elif kind is None:
            left_out.append(f"{place}: its type {row['contact_type']} is neither mail nor webhook")
        elif problem := _fault(channels, kind, str(row["address"] or "")):
            left_out.append(f"{place} ({kind}): {problem}")
        else:
            contact: dict[str, Any] = {"type": kind, "address": str(row["address"]).strip()}
            if row.get("is_primary"):
                contact["primary"] = True
            contacts.setdefault(owner, []).append(contact)
    return contacts


def _fault(channels: Channels, kind: str, address: str) -> str | None:
    if not address.strip():
        return "its address is empty"
    try:
        channels.normalise(kind, address.strip())
    except UnroutableError as error:
        return str(error)
    return None


def _groups(
    tables: Tables, users: Mapping[str, Any], left_out: list[str]
) -> dict[str, dict[str, Any]]:
    members: dict[str, list[str]] = {}
    for row in tables.memberships:
        if str(row["user_uuid"]) in users:
            members.setdefault(str(row["group_uuid"]), []).append(str(row["user_uuid"]))
    groups: dict[str, dict[str, Any]] = {}
    for row in tables.groups:
        uuid, name = str(row["uuid"]), str(row["name"])
        if not row.get("is_active", True):
            left_out.append(f"the group {name}: it is switched off")
            continue
        groups[name] = {"uuid": uuid, "members": _once(members.get(uuid, ()))}
    system = _once(_system_members(tables, members, users))
    if system and SYSTEM_GROUP not in groups:
        groups[SYSTEM_GROUP] = {"members": system}
    return groups


def _system_members(
    tables: Tables, members: Mapping[str, Sequence[str]], users: Mapping[str, Any]
) -> Iterable[str]:
    for row in tables.system_recipients:
        if str(row.get("user_id")) in users:
            yield str(row["user_id"])
        yield from members.get(str(row.get("user_group_id")), ())


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def import_templates(exported: str) -> ImportedTemplates:
    """Return the templates of a ``mongoexport`` of ``notification_templates``.

    Args:
        exported: A JSON array, or one JSON document a line.

    Raises:
        ValueError: It is neither; the text says where.
    """
    files: dict[str, str] = {}
    left_out: list[str] = []
    for document in _documents(exported):
        name = str(document.get("template_id") or "")
        if not _TEMPLATE_ID.fullmatch(name):
            left_out.append(f"the template {name[:64]!r}: its id is no file name")
        elif not document.get("is_active", True) or document.get("is_del"):
            left_out.append(f"the template {name}: it is switched off or deleted")
        elif document.get("template_type") == _EMBEDDED:
            parts = _embed_parts(str(document.get("content") or ""))
            if parts is None:
                left_out.append(f"the template {name}: its content is no JSON of an embed")
            else:
                files[f"{name}.txt.j2"] = _blocks(parts)
        else:
            parts = {"title": document.get("subject"), "content": document.get("content")}
            files[f"{name}.txt.j2"] = _blocks(parts)
    return ImportedTemplates(files, tuple(left_out))


def _documents(exported: str) -> Iterable[Mapping[str, Any]]:
    text = exported.strip().removeprefix("\ufeff")
    if text.startswith("["):
        return list(_mappings(json.loads(text)))
    documents = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                documents.append(json.loads(line))
            except ValueError as error:
                raise ValueError(f"line {number} is no JSON: {error}") from None
    return list(_mappings(documents))


def _mappings(documents: Iterable[object]) -> Iterable[Mapping[str, Any]]:
    for document in documents:
        if not isinstance(document, dict):
            raise TypeError("it holds something that is no JSON object")
        yield document


def _embed_parts(content: str) -> dict[str, Any] | None:
    """Return the parts of a Discord embed whose values may hold placeholders."""
    try:
        embed = json.loads(content)
    except ValueError:
        return None
    if not isinstance(embed, dict):
        return None
    fields = [field for field in embed.get("fields") or () if isinstance(field, dict)]
    lines = [
        f"{each.get('name', '')} | {each.get('value', '')} | {json.dumps(bool(each.get('inline')))}"
        for each in fields
    ]
    return {
        "title": embed.get("title"),
        "content": embed.get("description"),
        "color": embed.get("color"),
        "url": embed.get("url"),
        "author": _inner(embed.get("author"), "name"),
        "footer": _inner(embed.get("footer"), "text"),
        "fields": "\n".join(lines),
    }


def _inner(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else value


def _blocks(parts: Mapping[str, Any]) -> str:
    blocks = [
        f"{{% block {name} %}}{parts[name]}{{% endblock %}}\n"
        for name in _PARTS
        if parts.get(name) not in (None, "")
    ]
    return "".join(blocks)
