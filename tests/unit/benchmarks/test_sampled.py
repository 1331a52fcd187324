import pytest

from tests.benchmarks.sampled import ELSEWHERE, PARTS, part_of
from tests.support.service import ROOT


@pytest.mark.parametrize(
    ("files", "part"),
    [
        (("/x/app/engine/lanes/lane.py",), "lanes: order, limits, turns"),
        (("/x/app/edges/http/connection.py", "/x/app/engine/lanes/lane.py"), "HTTP exchange"),
        (("/lib/aiokafka/consumer/fetcher.py", "/x/app/engine/group/intake.py"), "Kafka client"),
        (("/lib/json/decoder.py", "/x/app/policies/parsing/decoding.py"), "parsing"),
        (("/lib/asyncio/base_events.py", "/lib/uvicorn/server.py"), ELSEWHERE),
    ],
)
def test_the_innermost_part_counts(files: tuple[str, ...], part: str) -> None:
    """What a library does belongs to who called it; what nobody did is the event loop's."""
    assert part_of(files) == part


def test_every_part_is_there() -> None:
    """Files move; time that is spent in a place that nobody looks for would be counted elsewhere."""
    paths = [path.strip("/") for path, _ in PARTS if path.startswith("/app/")]
    assert [path for path in paths if not any(ROOT.glob(f"{path}*"))] == []
