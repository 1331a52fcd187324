import pytest

from tests.benchmarks.sampled import ELSEWHERE, part_of


@pytest.mark.parametrize(
    ("files", "part"),
    [
        (("/x/app/engine/lanes/lane.py",), "lanes"),
        (("/x/app/edges/http/connection.py", "/x/app/engine/lanes/lane.py"), "HTTP exchange"),
        (("/lib/aiokafka/consumer/fetcher.py", "/x/app/engine/group/intake.py"), "Kafka client"),
        (("/lib/json/decoder.py", "/x/app/policies/parsing/decoding.py"), "parsing"),
        (("/lib/asyncio/base_events.py", "/lib/uvicorn/server.py"), ELSEWHERE),
    ],
)
def test_the_innermost_part_counts(files: tuple[str, ...], part: str) -> None:
    """What a library does belongs to who called it; what nobody did is the event loop's."""
    assert part_of(files) == part
