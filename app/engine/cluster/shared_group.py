"""Services that share a group id although they consume different topics."""

from collections.abc import Collection

from app.values.group import Group

REMEDY = (
    "Give each service a group id of its own (NOTIFIER_KAFKA__GROUP_ID): members of one group are"
    " given each other's deferred notifications, and can do nothing but keep them until they are"
    " too old"
)


def others(group: Group, topics: Collection[str], own: Collection[str]) -> str | None:
    """Name the members that consume other topics than this service, or return None.

    Args:
        group: As the brokers see it; a member that is just joining does not tell its topics.
        own: The group's own topics. Whoever does not read them (Ginkgo's worker) is given nothing
            that was deferred.
    """
    found: dict[str, set[str]] = {}
    for member in group.members:
        theirs = set(member.topics)
        if theirs.isdisjoint(own) or theirs.difference(own) == set(topics):
            continue
        found.setdefault(", ".join(sorted(theirs.difference(own))), set()).add(member.host)
    named = [f"{each} at {', '.join(sorted(hosts))}" for each, hosts in sorted(found.items())]
    return "; ".join(named) or None


def describe_others(group_id: str, topics: Collection[str], named: str) -> str:
    """Return what is wrong, without its full stop.

    Args:
        named: As ``others`` names them.
    """
    return (
        f"members of the group {group_id} consume other topics ({named}) than this service"
        f" ({', '.join(sorted(topics))})"
    )
