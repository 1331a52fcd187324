"""The version before, beside this one."""

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from tests.support.service import ROOT

PREVIOUS: Final = "b7bf6d5"
"""The commit of the version before (docs/versions.md)."""


def unpack_previous(folder: Path) -> dict[str, str]:
    """Unpack the version before; return the settings with which a service is of that version.

    It runs with the libraries of this one.

    Args:
        folder: Is made.
    """
    command = ("git", "archive", PREVIOUS, "app", "templates", "pyproject.toml")
    archive = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return {"PYTHONPATH": str(folder)}
