"""``python -m tests.mutants``: makes each change in a copy, and sees that the suite goes red."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("app", "templates", "tests", "pyproject.toml", "README.md", "LICENSE")
TIMEOUT = 600


def main() -> int:
    """Try every mutant; return 1 if one survives, or no longer fits the code."""
    alive = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            _copy(ROOT / name, copy / name)
        tests = sorted({test for mutant in MUTANTS for test in mutant.tests})
        if _red(copy, tests):
            print("the tests fail without any mutant: mend them first")
            return 1
        for mutant in MUTANTS:
            verdict = _try(copy, mutant)
            alive += verdict != "killed"
            print(f"{verdict:<9} {mutant.name}", flush=True)
    print(f"{len(MUTANTS) - alive} of {len(MUTANTS)} mutants were killed")
    return 1 if alive else 0


def _try(copy: Path, mutant: Mutant) -> str:
    path = copy / mutant.path
    source = path.read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        return "OUTDATED"
    path.write_text(source.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return "killed" if _red(copy, mutant.tests) else "SURVIVED"
    finally:
        path.write_text(source, encoding="utf-8")


def _red(copy: Path, tests: list[str] | tuple[str, ...]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    run = subprocess.run(command, cwd=copy, capture_output=True, timeout=TIMEOUT, check=False)
    if run.returncode not in (0, 1):  # neither all passed nor some failed: nothing was tried
        sys.exit(run.stdout.decode() + run.stderr.decode())
    return run.returncode == 1


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".artifacts"))
    else:
        shutil.copy(source, target)


if __name__ == "__main__":
    sys.exit(main())
