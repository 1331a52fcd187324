"""Fixtures of the tests that hand mails to real servers."""

from pathlib import Path

import pytest

from tests.support.tools import Tools

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the servers."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.mail)


@pytest.fixture(scope="session")
def unpacked() -> Path:
    """The folder with the servers."""
    return Tools.here().mail_servers()
