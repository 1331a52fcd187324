"""The end-to-end tests of ``tests/e2e``, on real Kafka."""

import pytest

from tests.e2e.test_delivery import *  # noqa: F403 - the same tests, with this folder's broker
from tests.support.end_to_end import hooks, no_inbox, world
from tests.support.kafka_cluster import Kafka

__all__ = ["hooks", "no_inbox", "world"]


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap
