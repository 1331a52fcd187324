"""Installs and builds the peers, each by its own package manager from its lock file.

``make bench`` does it first; with ``QUICK=1`` only what is prepared already is used.
Everything goes to this project's cache folder, one folder a peer and version of its files.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.tools import Tools, announce

BUILD_TIMEOUT = 900.0
MARKER = ".prepared"
LOG = "build.log"


class NotPreparedError(Exception):
    """A peer cannot be run; the message says why."""


class Workshop:
    """Where peers are prepared.

    Args:
        cache: The folder of caches.
        build: Whether to install and build; otherwise only what is there is used.
    """

    def __init__(self, cache: Path, *, build: bool) -> None:
        self._cache = cache
        self._build = build

    @classmethod
    def here(cls, *, build: bool) -> "Workshop":
        """This machine's."""
        return cls(Tools.here().cache, build=build)

    def prepare(
        self,
        sources: Path,
        programs: Sequence[str],
        steps: Sequence[Sequence[str | Path]],
    ) -> Path:
        """Copy a peer's sources to the cache and build it there, unless that was done before.

        What needs no building stays where it is.

        Args:
            sources: The peer's folder in the tree.
            programs: What must be installed on the machine.
            steps: The commands that build it, run in the copy.

        Returns:
            The folder that is ready to run.

        Raises:
            NotPreparedError: A program is missing, a step failed, or nothing may be built.
        """
        for program in programs:
            if shutil.which(program) is None:
                raise NotPreparedError(f"{program} is not installed")
        if not steps:
            return sources
        folder = self._cache / f"bench-{sources.name}-{digest(sources)}"
        if (folder / MARKER).exists():
            return folder
        if not self._build:
            raise NotPreparedError("not built yet: python -m tests.benchmarks --prepare")
        announce(f"building the peer {sources.name}")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(sources, folder)
        for step in steps:
            _run(step, folder)
        (folder / MARKER).touch()
        return folder


def digest(sources: Path) -> str:
    """A name for the state of a folder's files."""
    state = hashlib.sha256()
    for path in sorted(path for path in sources.rglob("*") if path.is_file()):
        if "__pycache__" in path.parts:
            continue
        state.update(str(path.relative_to(sources)).encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()[:12]


def _run(step: Sequence[str | Path], folder: Path) -> None:
    log = folder / LOG
    with log.open("ab") as output:
        try:
            subprocess.run(
                step,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=BUILD_TIMEOUT,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NotPreparedError(f"could not be built: {error}; see {log}") from error
