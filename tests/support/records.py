"""Hypothesis strategies for records that nobody expects."""

from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

T = TypeVar("T")

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
_LIKELY = (
    _VALUES
    | st.sampled_from(["", " ", "simple", "#12345G", "2026-13-01", "0001-01-01T00:00:00+14:00"])
    | st.dictionaries(
        st.sampled_from(
            [
                "to",
                "cc",
                "color",
                "embed",
                "embeds",
                "fields",
                "title",
                "timestamp",
                "subject",
                "html",
                "attachments",
                "footer",
                "author",
                "webhook_url",
                "content",
                "filename",
            ]
        ),
        _VALUES | st.lists(st.dictionaries(st.sampled_from(["name", "value", "color"]), _VALUES)),
    )
)
_KEYS = [
    "message_type",
    "message_id",
    "content",
    "channels",
    "priority",
    "timestamp",
    "expires_at",
    "ttl_seconds",
    "kwargs",
    "metadata",
    "context",
    "template_id",
    "fields",
    "user_uuids",
    "direction",
    "code",
    "price",
    "level",
    "user_uuid",
    "group_name",
    "group_uuid",
]
CHANGES = st.dictionaries(st.sampled_from(_KEYS), _LIKELY, max_size=4)
"""Keys of records with values that may belong there, or not at all."""


def drawn(strategy: st.SearchStrategy[T], count: int, number: int) -> list[T]:
    """Return examples of a strategy, the same ones for the same number."""
    examples: list[T] = []

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: T) -> None:
        examples.append(example)

    collect()
    return examples
