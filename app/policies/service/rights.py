"""The rights that the service needs (``docs/operations.md`` explains each)."""

from collections.abc import Iterable, Mapping
from typing import Final

from app.values.rights import Right

GROUP: Final = (Right.DESCRIBE, Right.READ)
_CONSUMED: Final = (Right.DESCRIBE, Right.READ, Right.WRITE, Right.DESCRIBE_CONFIGS)
_OWN: Final = (
    Right.DESCRIBE,
    Right.READ,
    Right.WRITE,
    Right.CREATE,
    Right.DESCRIBE_CONFIGS,
    Right.ALTER_CONFIGS,
)


def needed_rights(
    consumed: Iterable[str], own: Iterable[str], retry: Iterable[str], missing: Iterable[str]
) -> Mapping[Right, frozenset[str]]:
    """Return the topics by the right that is needed on them.

    Args:
        retry: Those of them from which finished records are deleted.
        missing: Topics that are not there: they are made.
    """
    needed: dict[Right, set[str]] = {right: set() for right in Right}
    for topics, rights in ((consumed, _CONSUMED), (own, _OWN)):
        named = frozenset(topics)
        for right in rights:
            needed[right] |= named
    needed[Right.DELETE] |= frozenset(retry)
    needed[Right.CREATE] |= frozenset(missing)
    return {right: frozenset(topics) for right, topics in needed.items()}
