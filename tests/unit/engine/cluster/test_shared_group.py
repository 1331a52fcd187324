"""Who else is in the group, and whether that is well."""

import pytest

from app.engine.cluster.shared_group import describe_others, others
from app.values.group import Group, GroupMember

OWN = ("retry.0s", "retry.30s")


def group(*members: tuple[str, tuple[str, ...]]) -> Group:
    """Return a group of members, each with its host and what it subscribes to."""
    return Group("consumer", "roundrobin", tuple(GroupMember("c", *each) for each in members))


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ((), None),
        ((("10.0.0.1", ("a", *OWN)), ("10.0.0.2", ("a", *OWN))), None),
        ((("10.0.0.1", ("a", *OWN)), ("10.0.0.2", ())), None),
        ((("10.0.0.1", ("a", *OWN)), ("10.0.0.9", ("a",))), None),
        ((("10.0.0.1", ("a", *OWN)), ("10.0.0.2", ("b", *OWN))), "b at 10.0.0.2"),
        (
            (
                ("10.0.0.3", ("b", *OWN)),
                ("10.0.0.2", ("b", *OWN)),
                ("10.0.0.4", ("a", "c", *OWN)),
            ),
            "a, c at 10.0.0.4; b at 10.0.0.2, 10.0.0.3",
        ),
    ],
)
def test_names_those_that_share_the_retry_topics_and_consume_others(
    members: tuple[tuple[str, tuple[str, ...]], ...], named: str | None
) -> None:
    """Neither a member that is just joining, nor Ginkgo's own worker, which reads no retries."""
    assert others(group(*members), ("a",), OWN) == named


def test_says_who_consumes_what() -> None:
    """The operator finds the other service by it."""
    text = describe_others("g", ("b", "a"), "c at 10.0.0.2")
    assert text == (
        "members of the group g consume other topics (c at 10.0.0.2) than this service (a, b)"
    )
