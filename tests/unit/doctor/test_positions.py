"""The doctor's look at the group's offsets and the logs that they are of."""

import pytest

from app.doctor.findings import Verdict
from app.doctor.positions import check_positions
from app.policies.books.commit_metadata import Committed
from app.policies.books.saved_commits import Saved, SavedCommit
from app.settings.models import KafkaSettings
from app.values.record import TopicPartition
from tests.support.survey import RETRY, SOURCE, Cluster, FakeSurvey

PLACE = TopicPartition(SOURCE, 0)
OLD, NEW = "old-id", "new-id"


async def examined(cluster: Cluster) -> list[tuple[Verdict, str]]:
    """Return what is found."""
    found = await check_positions(FakeSurvey(cluster), KafkaSettings())
    return [(each.verdict, each.text) for each in found]


def cluster(offset: int | None, *, topic_id: str | None = OLD) -> Cluster:
    """Return a cluster whose one log holds the offsets from 10 to 100, and this commit."""
    commits = {} if offset is None else {PLACE: Committed(offset, topic_id=topic_id)}
    return Cluster(logs={PLACE: range(10, 100)}, offsets=commits, ids={SOURCE: OLD})


@pytest.mark.parametrize("offset", [10, 50, 100])
async def test_an_offset_within_its_log_is_not_spoken_of(offset: int) -> None:
    """Nor one of another program's, which says of no topic that it is its own."""
    assert await examined(cluster(offset)) == []
    assert await examined(cluster(offset, topic_id=None)) == []


async def test_a_log_that_lost_its_end_is_a_fault() -> None:
    """With what to do."""
    ((verdict, text),) = await examined(cluster(120))
    assert verdict is Verdict.FAIL
    assert "notifications/0: the log ends at 100, before the committed offset 120" in text
    assert "Ask the producers" in text


async def test_records_that_were_deleted_unread_are_a_fault() -> None:
    """Their number is told."""
    ((verdict, text),) = await examined(cluster(4))
    assert verdict is Verdict.FAIL
    assert "notifications/0: 6 offsets were deleted before they were read" in text


async def test_a_topic_that_was_made_anew_is_told() -> None:
    """Wherever the offset of the old one is."""
    for offset in (4, 50, 120):
        ((verdict, text),) = await examined(cluster(offset, topic_id=NEW))
        assert (verdict, "was recreated since the last commit" in text) == (Verdict.OK, True)


async def test_offsets_that_kafka_forgot_are_told() -> None:
    """Where the next worker goes on, and how to make it start over."""
    forgotten = cluster(None)
    forgotten.saved = Saved({PLACE: SavedCommit(OLD, 40, "", 1_700_000_000.0)}, {})
    ((verdict, text),) = await examined(forgotten)
    assert verdict is Verdict.OK
    assert "goes on at those that notifications.control.notification_worker_group keeps" in text
    assert "2023-11-14T22:13:20+00:00" in text
    assert "notifier group reset" in text


async def test_a_group_that_was_here_and_is_not_known_is_a_fault() -> None:
    """It would send everything again."""
    lost = cluster(None)
    lost.logs[TopicPartition(f"{RETRY}.30s", 1)] = range(7, 7)
    ((verdict, text),) = await examined(lost)
    assert verdict is Verdict.FAIL
    assert "begins at the earliest. To begin elsewhere, set its offsets" in text


async def test_a_new_group_is_not_spoken_of() -> None:
    """Nobody was here."""
    assert await examined(cluster(None)) == []
