"""``python -m tests.mutants``: makes each change in a copy, and sees that the suite goes red."""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
LEFT_OUT = (
    ".git",
    ".venv",
    ".*_cache",
    ".hypothesis",
    ".artifacts",
    "__pycache__",
    "dist",
    "build",
)
TIMEOUT = 600


def main() -> int:
    """Try every mutant; return 1 if one survives, or no longer fits the code."""
    alive = 0
    with tempfile.TemporaryDirectory() as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        cores = os.cpu_count() or 1
        for number in range(cores):
            copies.put(_copy(Path(folder) / str(number)))
        tests = sorted({test for mutant in MUTANTS for test in mutant.tests})
        if _red(_copy(Path(folder) / "sound"), tests):
            print("the tests fail without any mutant: mend them first")
            return 1
        with ThreadPoolExecutor(cores) as pool:
            verdicts = pool.map(partial(_try, copies), MUTANTS)
            for mutant, verdict in zip(MUTANTS, verdicts, strict=True):
                alive += verdict != "killed"
                print(f"{verdict:<9} {mutant.name}", flush=True)
    print(f"{len(MUTANTS) - alive} of {len(MUTANTS)} mutants were killed")
    return 1 if alive else 0


def _try(copies: SimpleQueue[Path], mutant: Mutant) -> str:
    """Make the change in a copy that nobody else uses meanwhile."""
    copy = copies.get()
    path = copy / mutant.path
    source = path.read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        copies.put(copy)
        return "OUTDATED"
    path.write_text(source.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return "killed" if _red(copy, mutant.tests) else "SURVIVED"
    finally:
        path.write_text(source, encoding="utf-8")
        copies.put(copy)


def _red(copy: Path, tests: list[str] | tuple[str, ...]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    run = subprocess.run(command, cwd=copy, capture_output=True, timeout=TIMEOUT, check=False)
    if run.returncode not in (0, 1):  # neither all passed nor some failed: nothing was tried
        raise RuntimeError(run.stdout.decode() + run.stderr.decode())
    return run.returncode == 1


def _copy(folder: Path) -> Path:
    return shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))


if __name__ == "__main__":
    sys.exit(main())
