"""``python -m tests.support.simulation FIRST LAST``: simulates many seeds, and tells the failures.

The seeds from FIRST to LAST are simulated one after the other, in about half a second each. Of one
that fails it prints what is wrong and the story of it. Ends with 1 if any fails.
"""

import argparse
import logging
import sys

from tests.support.simulation.scenario import BrokenPromiseError, simulate


def main() -> int:
    """Simulate the seeds named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.simulation")
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)  # faults are the point; the story tells what matters
    failed = 0
    seeds = range(arguments.first, arguments.last + 1)
    for seed in seeds:
        try:
            simulate(seed)
        except BrokenPromiseError as error:
            failed += 1
            print(f"seed {seed}: {error}", flush=True)
    print(f"{failed} of {len(seeds)} seeds failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
