"""``python -m tests.tour``: runs a small firm, and takes the pictures of docs/tour.md of it."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.tour.pictures import take
from tests.tour.world import firm

HERE = Path(__file__).parents[2]


async def _main(folder: Path, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        print("three workers on a broker of their own are started …", flush=True)
        async with firm(Path(temporary)) as running:
            print(f"notifications flow for {seconds:g} s …", flush=True)
            await asyncio.sleep(seconds / 2)
            await running.look_after()
            await asyncio.sleep(seconds / 2)
            for name in await take(running, folder):
                print(f"  {name}  {(folder / name).stat().st_size:,} bytes", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.tour", description=__doc__)
    parser.add_argument("--folder", type=Path, default=HERE / "docs" / "tour")
    parser.add_argument("--seconds", type=float, default=150.0, help="of notifications before")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    given.folder.mkdir(parents=True, exist_ok=True)
    sys.exit(asyncio.run(_main(given.folder, given.seconds)))
