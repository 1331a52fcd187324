from pathlib import Path

import pytest

from tests.support.settings import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return an empty home, working directory and environment."""
    return Sandbox(tmp_path)
