"""The faults of a form body, as Discord's 400 answers tell of them.

From API v8 on they are a tree with a code and a message at each leaf (discord/discord-api-docs,
developers/reference.mdx, "Error Messages"). Before, they were lists of messages, and of a list only
the positions of bad items: ``{"embeds": ["0"]}``. A webhook URL without a version is served as v6
(same page, "API Versions"), and is answered in the old form to this day: bugsink/bugsink#280
(2025-11), jordanlambrecht/calendarr#3 (2025-04), raidensakura/hoyolab-auto-login#5 (2023-06).
"""

from typing import Any

import msgspec

INVALID_FORM_BODY = 50035
FIRST_VERSION_WITH_CODES = 8

Step = str | int
Path = tuple[Step, ...]


class Fault(msgspec.Struct, frozen=True):
    """One thing that Discord refuses.

    Attributes:
        path: Where, as keys and positions; empty for the request as a whole.
        code: Such as ``BASE_TYPE_MAX_LENGTH``.
        message: In Discord's words.
    """

    path: Path
    code: str
    message: str


class Form:
    """Collects the faults of one request."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def refuse(self, path: Path, code: str, message: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(path, code, message))

    def answer(self, version: int) -> dict[str, Any]:
        """Return the JSON of the 400 answer in the form of an API version."""
        if version < FIRST_VERSION_WITH_CODES:
            return _old_form(self.faults)
        return {
            "message": "Invalid Form Body",
            "code": INVALID_FORM_BODY,
            "errors": _tree(self.faults),
        }


def _tree(faults: list[Fault]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for fault in faults:
        place = root
        for step in fault.path:
            place = place.setdefault(str(step), {})
        place.setdefault("_errors", []).append({"code": fault.code, "message": fault.message})
    return root


def _old_form(faults: list[Fault]) -> dict[str, Any]:
    """Leave out everything below an item of a list; the request as a whole is ``_misc``."""
    form: dict[str, Any] = {}
    for fault in faults:
        keys = fault.path or ("_misc",)
        index = next((at for at, step in enumerate(keys) if isinstance(step, int)), None)
        leaf = fault.message if index is None else str(keys[index])
        place = form
        for step in keys[:index][:-1]:
            place = place.setdefault(str(step), {})
        leaves = place.setdefault(str(keys[:index][-1]), [])
        if leaf not in leaves:
            leaves.append(leaf)
    return form
