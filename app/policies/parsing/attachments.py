"""Attachments of a mail: ``kwargs.attachments`` as producers write them."""

import ast
import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from app.policies.texts.notes import Notes, quoted
from app.values.notification import Attachment

MOST_ATTACHMENTS = 100

_UNNAMED = "attachment"
_UNKNOWN_TYPE = "application/octet-stream"
_TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}", re.ASCII)
_BYTES_LITERAL = re.compile(r"""b(?:'(?s:.*)'|"(?s:.*)")""")


class AttachmentWire(msgspec.Struct, gc=False):
    """One file.

    Attributes:
        content: Its text, or its bytes in ``encoding``.
        encoding: ``base64``, or nothing for plain text.
    """

    filename: str | None = None
    content: Any = None
    mimetype: str | None = None
    encoding: str | None = None


def make_attachments(
    wires: Sequence[AttachmentWire] | None, notes: Notes
) -> tuple[Attachment, ...]:
    """Return the files; one without content that can be read is left out with a note."""
    attachments = []
    for index, wire in enumerate((wires or ())[:MOST_ATTACHMENTS]):
        place = f"kwargs.attachments[{index}]"
        content = _content(wire, place, notes)
        if content is not None:
            kind = _kind(wire.mimetype, f"{place}.mimetype", notes)
            attachments.append(Attachment(wire.filename or _UNNAMED, content, kind))
    if wires and len(wires) > MOST_ATTACHMENTS:
        notes.add(
            "kwargs.attachments",
            f"{len(wires):,} attachments; those beyond {MOST_ATTACHMENTS} are left out",
        )
    return tuple(attachments)


def _content(wire: AttachmentWire, place: str, notes: Notes) -> bytes | None:
    given = wire.content
    if not isinstance(given, str):
        notes.left_out(place, "expected its content as a string")
        return None
    encoding = (wire.encoding or "").strip().lower()
    if encoding == "base64":
        try:
            return base64.b64decode("".join(given.split()), validate=True)
        except binascii.Error:
            notes.left_out(place, "its content is not base64")
            return None
    if encoding not in {"", "utf-8", "utf8"}:
        notes.add(
            f"{place}.encoding", f"expected base64, got {quoted(wire.encoding)}; taken as text"
        )
    meant = _bytes_literal(given, place, notes)
    return given.encode("utf-8", "replace") if meant is None else meant


def _bytes_literal(given: str, place: str, notes: Notes) -> bytes | None:
    """Return the bytes that the original's producer wrote as Python writes them: ``b'a,b'``."""
    if not _BYTES_LITERAL.fullmatch(given):
        return None
    try:
        meant = ast.literal_eval(given)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(meant, bytes):
        return None
    notes.add(f"{place}.content", "is bytes as Python writes them; attached as those bytes")
    return meant


def _kind(given: str | None, place: str, notes: Notes) -> str:
    if not given:
        return _UNKNOWN_TYPE
    kind = given.partition(";")[0].strip().lower()
    if _TYPE.fullmatch(kind) and not kind.startswith(("multipart/", "message/")):
        return kind
    notes.left_out(place, f"expected a type such as text/csv, got {quoted(given)}")
    return _UNKNOWN_TYPE
