"""Fixtures of the tests with a real Prometheus."""

from pathlib import Path

import pytest

from tests.support.end_to_end import broker, hooks, no_inbox, world
from tests.support.tools import Tools

__all__ = ["broker", "hooks", "no_inbox", "world"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs Prometheus."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.prometheus)


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder with ``prometheus`` and ``promtool``."""
    return Tools.here().prometheus()
